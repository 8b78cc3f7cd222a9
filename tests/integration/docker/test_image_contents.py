"""The full image has the modules, programs, locales, fonts and data that programs expect."""

import pytest

from cellblock_client.client import Session

# Each in a process of its own, so that a session's memory limit is not theirs together.
MODULES = [
    "requests httpx pytz nbformat ipywidgets nest_asyncio chardet PyPDF2 pypdf fitz pdf2image odf",
    "sqlalchemy wordcloud imageio_ffmpeg moviepy fpdf nltk xgboost lightgbm",
    "polars duckdb skimage geopandas pyproj folium altair bokeh.plotting h5py tables numba",
    "docx2txt weasyprint markdown2 rich faker pydantic pytest textblob gensim librosa",
    "soundfile pydub qrcode xlwt pyxlsb pyreadstat missingno squarify mplfinance rapidfuzz jieba",
    "imblearn shap prophet pulp Bio astropy lifelines pillow_heif",
    "py7zr trimesh numexpr bottleneck cython networkx graphviz pydot pytesseract",
    "spacy ortools.sat.python.cp_model ortools.linear_solver.pywraplp",
    "docx pptx pdfplumber reportlab lxml bs4 cv2 scipy pyarrow.parquet pyarrow.compute sklearn",
    "statsmodels.api sympy plotly.express seaborn shapely xlrd xlsxwriter python_calamine odf",
    "optuna umap arch pingouin hmmlearn category_encoders mlxtend tiktoken vaderSentiment",
    "dask.dataframe xarray netCDF4 fastavro pint simpy uncertainties gmpy2 plotnine pyvis pygal",
    "cairosvg svgwrite barcode ezdxf mutagen flask fastapi typer jwt dotenv loguru tenacity",
    "ebooklib mammoth html2text markdownify docxtpl pikepdf pypdfium2 nbconvert geopy holidays",
]
PROGRAMS = {
    "antiword": "true", "bzip2": "--version", "curl": "--version", "dot": "-V",
    "ffmpeg": "-version",
    "ffprobe": "-version", "file": "--version", "fc-list": "--version", "gcc": "--version",
    "git": "--version", "gs": "--version", "jq": "--version", "make": "--version",
    "pdftotext": "-v",
    "pdftoppm": "-v", "ps": "--version", "sqlite3": "--version", "tesseract": "--version",
    "tree": "--version", "unzip": "-v", "xz": "--version", "zip": "-v",
}  # fmt: skip
LOCALES = ["en_US", "de_DE", "fr_FR", "es_ES", "pt_BR", "ja_JP", "zh_CN"]
FONTS = {
    "Arial": "Liberation Sans", "Times New Roman": "Liberation Serif",
    "Courier New": "Liberation Mono", "Calibri": "Carlito", "Cambria": "Caladea",
    "SimHei": "WenQuanYi Zen Hei", "Microsoft YaHei": "WenQuanYi Zen Hei",
    "MS Gothic": "IPAexGothic", "Malgun Gothic": "NanumGothic",
    "Noto Color Emoji": "Noto Color Emoji", "Noto Sans CJK SC": "Noto Sans CJK SC",
}  # fmt: skip


def output(session: Session, code: str) -> str:
    """Return what code prints; fail if it raises."""
    result = session.run(code, time_limit=200)
    assert result.error is None, result.error
    return result.stdout


@pytest.mark.timeout(240)
def test_modules_that_programs_import_are_there(full_session: Session) -> None:
    code = f"""
import subprocess, sys
CHECK = '''
import importlib, sys
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception as error:
        print(name, type(error).__name__, error)
'''
running = []
for names in {MODULES!r}:
    running.append(subprocess.Popen([sys.executable, "-W", "ignore", "-c", CHECK, *names.split()],
                                    stdout=subprocess.PIPE, text=True))
    if len(running) > 1:
        print(running.pop(0).communicate()[0], end="")
print(running.pop().communicate()[0], end="")
"""
    assert output(full_session, code) == ""


def test_programs_that_code_runs_are_there(full_session: Session) -> None:
    code = f"""
import shutil, subprocess
for name, option in {PROGRAMS!r}.items():
    path = shutil.which(name)
    done = path and subprocess.run([path, option], capture_output=True, stdin=subprocess.DEVNULL)
    if not done or (done.returncode and name != "antiword"):
        print(name, path, done)
"""
    assert output(full_session, code) == ""


def test_locales_format_numbers_and_dates(full_session: Session) -> None:
    code = f"""
import locale, time
for name in {LOCALES!r}:
    locale.setlocale(locale.LC_ALL, name + ".UTF-8")
locale.setlocale(locale.LC_ALL, "de_DE.UTF-8")
march = time.strftime("%B", (2024, 3, 1) + (0,) * 6)
print(locale.format_string("%.2f", 1234.5, grouping=True), march)
locale.setlocale(locale.LC_ALL, "C.UTF-8")
"""
    assert output(full_session, code) == "1.234,50 März\n"


def test_fontconfig_knows_common_names(full_session: Session) -> None:
    code = f"""
for name in {list(FONTS)!r}:
    print(subprocess.check_output(["fc-match", "--format=%{{family[0]}}", name], text=True))
"""
    assert output(full_session, code).splitlines() == list(FONTS.values())


def test_matplotlib_knows_common_names(full_session: Session) -> None:
    names = [name for name in FONTS if name != "Noto Color Emoji"]
    code = f"""
from matplotlib import font_manager
for name in {names!r}:
    font_manager.findfont(name, fallback_to_default=False)
    bold = font_manager.FontProperties(family=name, weight="bold")
    font_manager.findfont(bold, fallback_to_default=False)
"""
    result = full_session.run(code)
    assert result.error is None, result.error
    assert result.stderr == ""


@pytest.mark.parametrize("file", ["arial.ttf", "timesbd.ttf", "calibri.ttf", "simhei.ttf"])
def test_libraries_open_fonts_by_common_file_names(full_session: Session, file: str) -> None:
    code = f"""
from PIL import ImageFont
from reportlab.pdfbase.ttfonts import TTFont
print(ImageFont.truetype({file!r}, 20).getlength("Wort") > 10)
print(len(TTFont("F", {file!r}).face.charWidths) > 200)
"""
    assert output(full_session, code) == "True\nTrue\n"


def test_a_compiler_builds_extensions(full_session: Session) -> None:
    """Writable folders are mounted without execution, so the result is not loaded."""
    code = """
import pathlib, subprocess, sys, sysconfig
pathlib.Path("fast.pyx").write_text("def double(int x): return 2 * x")
subprocess.run([sys.executable, "-m", "cython", "-3", "fast.pyx"], check=True)
include = sysconfig.get_path("include")
subprocess.run(["gcc", "-shared", "-fPIC", f"-I{include}", "fast.c", "-o", "fast.so"], check=True)
print(pathlib.Path("fast.so").read_bytes()[:4])
"""
    assert output(full_session, code) == "b'\\x7fELF'\n"


@pytest.mark.timeout(120)
def test_data_that_libraries_download_is_there(full_session: Session) -> None:
    code = """
import nltk, seaborn, spacy, tiktoken
from nltk.corpus import stopwords, wordnet
from nltk.sentiment import SentimentIntensityAnalyzer
print(nltk.download("punkt"), nltk.word_tokenize("It isn't. Is it?"))
print(nltk.pos_tag("The quick fox jumped".split()), len(stopwords.words("english")) > 100)
print(nltk.WordNetLemmatizer().lemmatize("mice"), len(wordnet.synsets("dog")))
print(SentimentIntensityAnalyzer().polarity_scores("great")["pos"])
print([seaborn.load_dataset(name).shape for name in
       ("tips", "iris", "penguins", "diamonds", "anscombe", "mpg")])
print(list(seaborn.load_dataset("penguins")), seaborn.load_dataset("tips")["day"].dtype)
named = spacy.load("en_core_web_sm")("Apple is in Berlin.").ents
print([(one.text, one.label_) for one in named])
for name in ("cl100k_base", "o200k_base"):
    print(tiktoken.get_encoding(name).encode("hello world"))
"""
    assert output(full_session, code).splitlines() == [
        "True ['It', 'is', \"n't\", '.', 'Is', 'it', '?']",
        "[('The', 'DT'), ('quick', 'JJ'), ('fox', 'NN'), ('jumped', 'VBD')] True",
        "mouse 8",
        "1.0",
        "[(244, 7), (150, 5), (344, 7), (53940, 10), (44, 3), (398, 9)]",
        "['species', 'island', 'bill_length_mm', 'bill_depth_mm', 'flipper_length_mm', "
        "'body_mass_g', 'sex'] category",
        "[('Apple', 'ORG'), ('Berlin', 'GPE')]",
        "[15339, 1917]",
        "[24912, 2375]",
    ]


@pytest.mark.parametrize(
    "code",
    [
        "import seaborn; seaborn.load_dataset('titanic')",
        "import spacy; spacy.load('de_core_news_sm')",
        "import spacy.cli; spacy.cli.download('en_core_web_lg')",
        "from nltk.corpus import brown; brown.words()",
        "import tiktoken; tiktoken.get_encoding('p50k_base')",
        "from sklearn.datasets import fetch_california_housing as f; f(data_home='/tmp/sk')",
        "import gensim.downloader; gensim.downloader.load('glove-wiki-gigaword-50')",
        "import scipy.datasets; scipy.datasets.face()",
        "import textblob; textblob.TextBlob('The big dog barks.').noun_phrases",
    ],
)
def test_missing_data_fails_in_one_line(full_session: Session, code: str) -> None:
    result = full_session.run(code)
    assert result.error is not None
    message = result.error.value.strip()
    assert "is not in this image, and a sandbox has no network" in message
    assert "\n" not in message


def test_a_missing_download_of_nltk_says_so(full_session: Session) -> None:
    result = full_session.run("import nltk; print(nltk.download('brown'))")
    assert result.stdout == "False\n"
    assert result.stderr.startswith(
        "NLTK's brown is not in this image, and a sandbox has no network"
    )
    assert len(result.stderr.splitlines()) == 1


def test_programs_written_for_pandas_2_work(full_session: Session) -> None:
    code = """
import warnings
warnings.simplefilter("ignore")
import numpy as np, pandas as pd, matplotlib.pyplot as plt
table = pd.DataFrame({"text": ["x", "y", None], "number": [1, None, 3]})
table["number"].fillna(0, inplace=True)
days = pd.Series(range(90), pd.date_range("2024-01-01", periods=90))
print([name for name in table if table[name].dtype == "object"], table["number"].tolist())
print(len(days.resample("M").sum()), np.trapz([1, 2, 3]), plt.cm.get_cmap("viridis").name)
plt.boxplot([[1, 2, 3]], labels=["a"]); plt.close()
"""
    assert output(full_session, code) == "['text'] [1.0, 0.0, 3.0]\n3 4.0 viridis\n"
