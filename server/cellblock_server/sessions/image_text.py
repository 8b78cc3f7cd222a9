"""Description of an image as text for a language model's prompt: pure functions.

Names come from the image, which the operator chose; they are made plain all the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from cellblock.agent.v1.agent_pb2 import DescribeImageResponse, Package
from cellblock_server.backends.sandbox import SandboxLimits
from cellblock_server.common.shortening import on_one_line, shorten

DATA_DIRECTORY = "/mnt/data"
SHORT_CHARACTERS = 1_200
"""Maximum length of the short text."""
WITH_VERSION = ("numpy", "pandas", "matplotlib")
"""Packages whose version decides how code for them is written."""
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Data",
        ("numpy", "pandas", "polars", "scipy", "pyarrow", "duckdb", "sqlalchemy", "h5py", "xarray"),
    ),
    (
        "Charts",
        ("matplotlib", "seaborn", "plotly", "altair", "bokeh", "folium", "wordcloud", "kaleido"),
    ),
    (
        "Statistics and models",
        (
            "scikit-learn", "statsmodels", "xgboost", "xgboost-cpu", "lightgbm", "prophet", "shap",
            "lifelines", "torch", "sympy", "networkx", "ortools", "cvxpy", "pulp",
        ),
    ),
    (
        "Documents",
        (
            "openpyxl", "xlsxwriter", "xlrd", "python-docx", "python-pptx", "pypdf", "pdfplumber",
            "pymupdf", "reportlab", "fpdf2", "weasyprint", "odfpy", "lxml", "beautifulsoup4",
            "docx2txt", "markdown",
        ),
    ),
    (
        "Images, sound, video",
        (
            "pillow", "opencv-python-headless", "opencv-python", "scikit-image", "imageio",
            "imageio-ffmpeg", "moviepy", "librosa", "soundfile", "pydub", "pytesseract", "qrcode",
        ),
    ),
    ("Text", ("nltk", "spacy", "gensim", "textblob", "rapidfuzz", "jieba", "chardet")),
    ("Maps and science", ("geopandas", "shapely", "pyproj", "rdkit", "biopython", "astropy")),
    ("Other", ("requests", "httpx", "pydantic", "faker", "pytest", "numba", "cython", "tqdm")),
)  # fmt: skip
"""Packages that a model cares about, by use, the most important ones first."""


@dataclass(frozen=True)
class SandboxFacts:
    """Limits and network of sessions that ask for nothing else."""

    limits: SandboxLimits
    time_limit: timedelta
    max_time_limit: timedelta
    max_text_bytes: int
    idle_timeout: timedelta
    network: str
    allowed_hosts: Sequence[str]


def short_text(content: DescribeImageResponse, facts: SandboxFacts) -> str:
    """Return a text of at most `SHORT_CHARACTERS`: less important packages are left out."""
    versions = _versions(content.python_packages)
    for most in range(max(len(names) for _, names in GROUPS), 0, -1):
        lines = [*_rules(content, facts), "Installed, among others:"]
        for title, names in GROUPS:
            found = [_short_name(name, versions) for name in names if name in versions][:most]
            if found:
                lines.append(f"- {title}: {', '.join(found)}")
        programs = [on_one_line(name) for name in content.programs if name in KNOWN_PROGRAMS]
        if programs:
            lines.append(f"- Programs: {', '.join(programs[: 2 * most])}")
        fonts = _main_fonts(content.fonts)
        if fonts:
            lines.append(f"- Fonts: {', '.join(fonts[: 2 * most])}")
        text = "\n".join(lines)
        if len(text) <= SHORT_CHARACTERS:
            return text
    return shorten(text, SHORT_CHARACTERS, 1.0)


def long_text(content: DescribeImageResponse, facts: SandboxFacts) -> str:
    """Return a text with all packages and their versions."""
    limits = facts.limits
    lines = [
        *_rules(content, facts),
        f"More limits: {limits.pids} processes and threads, {_size(limits.tmp_bytes)} in /tmp, "
        f"{_size(limits.file_bytes)} for one file. The session ends after "
        f"{_time(facts.idle_timeout)} without use.",
        f"System: {on_one_line(content.system)}.",
    ]
    parts = (
        ("Python packages", _with_versions(content.python_packages)),
        ("Programs", content.programs),
        ("Fonts", content.fonts),
        ("Locales", content.locales),
        ("System packages", _with_versions(content.system_packages)),
    )
    for title, names in parts:
        if names:
            lines += ["", f"{title}: {', '.join(map(on_one_line, names))}"]
    return "\n".join(lines)


KNOWN_PROGRAMS = frozenset(
    {
        "chromium", "dot", "ffmpeg", "gcc", "git", "java", "jq", "make", "node", "pandoc",
        "pdflatex", "pdftotext", "R", "soffice", "sqlite3", "tesseract", "xelatex",
    }
)  # fmt: skip
"""Programs that the short text names."""


MAIN_FONTS = (
    "DejaVu Sans", "Liberation Sans", "Arial", "Carlito", "Noto Sans", "Noto Sans CJK",
    "Noto Sans Arabic", "Noto Sans Devanagari", "Noto Color Emoji", "Noto Emoji",
)  # fmt: skip
"""Fonts that the short text names; `Noto Sans CJK` stands for its five languages."""


def _main_fonts(fonts: Iterable[str]) -> list[str]:
    families = {"Noto Sans CJK" if font.startswith("Noto Sans CJK") else font for font in fonts}
    return [font for font in MAIN_FONTS if font in families]


def _rules(content: DescribeImageResponse, facts: SandboxFacts) -> list[str]:
    """Return what code may and can't do."""
    limits = facts.limits
    cpus = f"{limits.cpus:g} CPU" + ("" if limits.cpus == 1 else "s")
    return [
        f"Code runs in a Linux sandbox with Python {on_one_line(content.python_version)} "
        "(IPython). Variables, imports and files are kept between calls.",
        f"Files: {DATA_DIRECTORY} is the working directory and has the user's files. Save results "
        f"there, and link to them as sandbox:{DATA_DIRECTORY}/NAME. Figures are shown to the user.",
        f"Network: {_network(facts)}",
        f"Limits: {_time(facts.time_limit)} for one call, {_size(limits.memory_bytes)} of memory "
        f"(files included), {cpus}, {_size(limits.data_bytes)} in {DATA_DIRECTORY}, "
        f"{_size(facts.max_text_bytes)} of text output.",
    ]


def _network(facts: SandboxFacts) -> str:
    if facts.network != "proxy":
        return "none. Nothing can be downloaded or installed."
    hosts = [on_one_line(host) for host in facts.allowed_hosts]
    shown = ", ".join(hosts[:5]) + (f" and {len(hosts) - 5} more" if len(hosts) > 5 else "")
    return f"only {shown or 'no hosts'}, through a proxy that is set."


def _versions(packages: Iterable[Package]) -> dict[str, str]:
    return {_normalized(package.name): package.version for package in packages}


def _normalized(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _short_name(name: str, versions: dict[str, str]) -> str:
    return f"{name} {on_one_line(versions[name])}" if name in WITH_VERSION else name


def _with_versions(packages: Iterable[Package]) -> list[str]:
    return [f"{package.name} {package.version}".rstrip() for package in packages]


def _time(time: timedelta) -> str:
    seconds = time.total_seconds()
    if seconds >= 120 and seconds % 60 == 0:
        return f"{seconds / 60:g} minutes"
    return f"{seconds:g} second" + ("" if seconds == 1 else "s")


def _size(size: int) -> str:
    number, unit = float(size), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if number < 1024:
            break
        number, unit = number / 1024, larger
    return f"{number:.4g} {unit}"
