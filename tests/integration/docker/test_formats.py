"""Every format of the Assistants table opens in a sandbox, and what it writes opens elsewhere."""

import csv
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cellblock_client import Client
from cellblock_client.client import Session
from tests.support import decoded
from tests.support.images import FULL

SAMPLES = Path(__file__).parent.parent.parent / "samples"
# fmt: off
EXTENSIONS = [
    ".c", ".cs", ".cpp", ".css", ".csv", ".doc", ".docx", ".gif", ".html", ".java", ".jpeg",
    ".jpg", ".js", ".json", ".md", ".pdf", ".php", ".png", ".pptx", ".py", ".rb", ".sh", ".tar",
    ".tex", ".ts", ".txt", ".xlsx", ".xml", ".zip",
]
WRITTEN = [
    ".csv", ".xlsx", ".docx", ".pptx", ".pdf", ".png", ".jpeg", ".gif", ".json", ".html", ".zip",
    ".tar",
]
# fmt: on
TEXT = "text = open('/mnt/data/{name}', encoding='utf-8').read()\n"
READERS = {
    ".c": (
        TEXT + "import re; print(re.findall(r'^(?:static )?int (\\w+)\\(', text, re.M), "
        "'Grüße, 世界!' in text)",
        "['find', 'main'] True",
    ),
    ".cpp": (
        TEXT + "import re; print(sorted(set(re.findall(r'stations\\[\"(\\w+)\"\\]', text))))",
        "['Zürich', 'Łódź', '東京']",
    ),
    ".cs": (
        TEXT + "import re; print(re.findall(r'new\\(\"(\\w+)\", (\\d)', text))",
        "[('Käse', '2'), ('Brot', '1')]",
    ),
    ".css": (
        TEXT + "import re; print(re.findall(r'(--\\w+): ([^;]+);|content: \"(.)', text))",
        "[('--accent', '#0a7f5a', ''), ('--gap', '12px', ''), ('', '', '→')]",
    ),
    ".csv": (
        "import pandas\ntable = pandas.read_csv('{name}')\n"
        "print(list(table.city), table.population.sum(), table.country[1], table.founded[0])",
        "['Zürich', 'Łódź', '東京', 'São Paulo'] 26637799 Poland, central nan",
    ),
    ".doc": (
        "import subprocess\n"
        "shown = subprocess.check_output(['antiword', '{name}'], text=True)\n"
        "print(*[line for line in shown.splitlines() if 'Łódź' in line], sep='\\n')",
        "Sales in Zürich rose by 12 %, those in Łódź fell. 売上は東京で最高。\n|Łódź  |3100 |",
    ),
    ".docx": (
        "import docx\ndocument = docx.Document('{name}')\n"
        "print(document.paragraphs[1].text)\n"
        "print([cell.text for row in document.tables[0].rows for cell in row.cells])",
        "Sales in Zürich rose by 12 %, those in Łódź fell. 売上は東京で最高。\n"
        "['City', 'Sales', 'Zürich', '4200', 'Łódź', '3100']",
    ),
    ".gif": (
        "from PIL import Image, ImageSequence\npicture = Image.open('{name}')\n"
        "frames = [frame.convert('RGB').getpixel((9, 9)) "
        "for frame in ImageSequence.Iterator(picture)]\n"
        "print(picture.format, picture.size, frames)",
        "GIF (48, 32) [(255, 0, 0), (0, 255, 0), (0, 0, 255)]",
    ),
    ".html": (
        "import pandas\nfrom bs4 import BeautifulSoup\n"
        "soup = BeautifulSoup(open('{name}', encoding='utf-8'), 'html.parser')\n"
        "print(soup.title.string, soup.a['href'], soup.p.contents[0].strip())\n"
        "print(pandas.read_html('{name}')[0].values.tolist())",
        "Timetable – Fahrplan https://example.org/fahrplan Trains to Zürich & Genève:\n"  # noqa: RUF001
        "[['Zürich HB', '08:02'], ['Genève', '10:46']]",
    ),
    ".java": (
        TEXT
        + 'import re; print(re.findall(r\'new City\\("([^"]+)", ([-.\\d]+), ([-.\\d]+)\', text))',
        "[('São Paulo', '-23.55', '-46.63'), ('Köln', '50.94', '6.96'), "
        "('Kraków', '50.06', '19.94')]",
    ),
    ".jpeg": (
        "import cv2\npicture = cv2.imread('{name}', cv2.IMREAD_UNCHANGED)\n"
        "print(picture.shape, picture[0, 0], picture[-1, -1], picture.mean().round())",
        "(48, 64) 0 255 127.0",
    ),
    ".jpg": (
        "from PIL import Image\npicture = Image.open('{name}')\n"
        "corners = [picture.getpixel((x, y)) for y in (9, 50) for x in (9, 70)]\n"
        "print(picture.format, picture.size, [[round(c, -1) for c in rgb] for rgb in corners])",
        "JPEG (80, 60) [[250, 0, 0], [0, 260, 0], [0, 0, 250], [260, 260, 260]]",
    ),
    ".js": (
        TEXT + "import re; print(re.findall(r'customer: \"(.+?)\", total: (\\d+)', text))",
        "[('佐藤', '1200'), ('Zoë', '800'), ('佐藤', '300')]",
    ),
    ".json": (
        "import json\nread = json.load(open('{name}', encoding='utf-8'))\n"
        "rows = [tuple(row.values()) for row in read['readings']]\n"
        "print(read['station'], read['calibrated'], *rows)",
        "Łódź–Lublinek True ('2024-01-01', -2.5, '❄') ('2024-01-02', 0.5, '☁') "  # noqa: RUF001
        "('2024-01-03', None, None)",
    ),
    ".md": (
        TEXT + "import markdown; from bs4 import BeautifulSoup\n"
        "soup = BeautifulSoup(markdown.markdown(text, extensions=['tables']), 'html.parser')\n"
        "cells = [cell.text for cell in soup.find_all('td')]\n"
        "print(soup.h1.text, soup.strong.text, cells, sep='|')",
        "Field notes – März|14 cm|['Köln', '312', 'Bonn', '287']",  # noqa: RUF001
    ),
    ".pdf": (
        "import pdfplumber, pypdf\n"
        "print(pypdf.PdfReader('{name}').pages[0].extract_text().splitlines()[1][:49])\n"
        "with pdfplumber.open('{name}') as document:\n"
        "    print(len(document.pages), document.pages[0].extract_tables()[0])",
        "Sales in Zürich rose by 12 %, those in Łódź fell.\n"
        "1 [['City', 'Sales'], ['Zürich', '4200'], ['Łódź', '3100']]",
    ),
    ".php": (
        TEXT + "import re; print(re.findall(r\"'(..)' => '(.+?)'\", text))",
        "[('ru', 'Здравствуйте'), ('fr', 'Bonjour'), ('de', 'Grüß Gott')]",
    ),
    ".png": (
        "from PIL import Image\npicture = Image.open('{name}')\nshown = picture.convert('RGBA')\n"
        "print(picture.format, picture.size, "
        "[shown.getpixel((x, y)) for y in (9, 50) for x in (9, 70)])",
        "PNG (80, 60) [(255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255), (255, 255, 255, 128)]",
    ),
    ".pptx": (
        "import pptx\n"
        "print([[shape.text for shape in slide.shapes] "
        "for slide in pptx.Presentation('{name}').slides])",
        "[['River levels – März'], ['Köln: 312 cm', '水位は下がっています']]",  # noqa: RUF001
    ),
    ".py": (
        "import runpy\n"
        "made = runpy.run_path('{name}')\n"
        "print(made['__doc__'], round(made['balance'](1000, 10), 2))",
        "Compound interest, for “Sparbücher”. 1280.08",
    ),
    ".rb": (
        TEXT + "import re; print(re.search(r'%w\\[(.+)\\]', text)[1].split())",
        "['Zebra', 'Ärger', 'Apfel', 'Öl', 'Ofen']",
    ),
    ".sh": (
        "import pathlib, subprocess\n"
        "pathlib.Path('measured').mkdir(exist_ok=True)\n"
        "pathlib.Path('measured/größe').write_bytes(bytes(8192))\n"
        "print(subprocess.check_output(['sh', '{name}', 'measured'], text=True))",
        "       8 KB  measured/größe",
    ),
    ".tar": (
        "import tarfile\nwith tarfile.open('{name}') as archive:\n"
        "    print(archive.getnames(), archive.getmember('latest.csv').linkname)\n"
        "    print(archive.extractfile('größe/minutes ✓.txt').read().decode().splitlines()[-1])",
        "['data', 'data/cities.csv', 'größe', 'größe/minutes ✓.txt', 'latest.csv'] "
        "data/cities.csv\nΓειά σας! До свидания! 😀",  # noqa: RUF001
    ),
    ".tex": (
        TEXT + "import re; print(re.findall(r'\\\\(?:title|author|section){{(.+)}}', text))",
        "['Über das Wachstum', 'Zoë Müller', 'Das Modell', 'Ergebnis']",
    ),
    ".ts": (
        TEXT + "import re; print(re.findall(r'export \\w+ (\\w+)', text), '上限あり' in text)",
        "['Bounds', 'BoundedQueue'] True",
    ),
    ".txt": (
        TEXT + "lines = text.splitlines(); print(lines[2], lines[-1], sep='\\n')",
        "Present: Zoë, Łukasz, 佐藤さん, مريم\nΓειά σας! До свидания! 😀",  # noqa: RUF001
    ),
    ".xlsx": (
        "import openpyxl, pandas\n"
        "print(openpyxl.load_workbook('{name}').sheetnames)\n"
        "for engine in ('openpyxl', 'calamine'):\n"
        "    table = pandas.read_excel('{name}', engine=engine)\n"
        "    print(list(table.city), table.sales.sum(), table.day.max().date())\n"
        "for values in (False, True):\n"
        "    book = openpyxl.load_workbook('{name}', data_only=values)\n"
        "    print(book['Sum']['B1'].value)",
        "['Städte', 'Sum']\n"
        + 2 * "['Zürich', '東京'] 7300.5 2024-03-13\n"
        + "=SUM(Städte!B2:B3)\n7300.5",
    ),
    ".xml": (
        "from lxml import etree\n"
        "names = {{'l': 'urn:example:library', 'dc': 'http://purl.org/dc/elements/1.1/'}}\n"
        "tree = etree.parse('{name}')\n"
        "print(tree.xpath('//dc:title/text()', namespaces=names), "
        "tree.findtext('l:note', namespaces=names))",
        "['Cien años de soledad', 'Мастер и Маргарита'] 5 < 7 & 7 > 5",
    ),
    ".zip": (
        "import zipfile, pandas\n"
        "with zipfile.ZipFile('{name}', metadata_encoding='utf-8') as archive:\n"
        "    print(archive.namelist(), archive.testzip())\n"
        "    print(list(pandas.read_csv(archive.open('data/cities.csv')).city))",
        "['data/', 'data/cities.csv', 'größe/', 'größe/minutes ✓.txt'] None\n"
        "['Zürich', 'Łódź', '東京', 'São Paulo']",
    ),
}


def test_each_format_has_a_sample_and_a_reader() -> None:
    assert len(EXTENSIONS) == 29
    assert sorted(READERS) == sorted(EXTENSIONS)
    assert sorted(path.suffix for path in SAMPLES.glob("sample.*")) == sorted(EXTENSIONS)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_sample_is_read_by_ordinary_code(full_session: Session, extension: str) -> None:
    code, expected = READERS[extension]
    attached = full_session.attach(SAMPLES / f"sample{extension}")
    try:
        assert attached.path == f"/mnt/data/sample{extension}"
        result = full_session.run(code.format(name=f"sample{extension}"))
        assert result.error is None, result.error
        assert result.stdout.strip() == expected.strip()
    finally:
        full_session.detach(attached.file_id)


WRITE = """
import io, json, tarfile, zipfile
import docx, numpy, pandas, pptx
from PIL import Image
from reportlab.pdfbase import pdfmetrics, ttfonts
from reportlab.pdfgen import canvas

TEXT = "Zürich → 東京"
table = pandas.DataFrame({"city": ["Zürich", "東京, 日本"], "sales": [4200.5, 3100]})
table.to_csv("made.csv", index=False)
with pandas.ExcelWriter("made.xlsx", engine="openpyxl") as workbook:
    table.to_excel(workbook, sheet_name="Städte", index=False)

document = docx.Document()
document.add_heading("Bericht")
document.add_paragraph(TEXT)
document.save("made.docx")

slides = pptx.Presentation()
for title in ("Bericht", TEXT):
    slides.slides.add_slide(slides.slide_layouts[5]).shapes.title.text = title
slides.save("made.pptx")

pdfmetrics.registerFont(ttfonts.TTFont("DejaVu", "DejaVuSans.ttf"))
page = canvas.Canvas("made.pdf")
for line in ("Bericht: Łódź → Zürich", "The second page"):
    page.setFont("DejaVu", 20)
    page.drawString(80, 700, line)
    page.showPage()
page.save()

# Red grows to the right, green downwards.
y, x = numpy.mgrid[0:40, 0:60]
fields = numpy.dstack([x * 4, y * 6, numpy.full_like(x, 128)]).astype("uint8")
picture = Image.fromarray(fields)
picture.save("made.png")
picture.save("made.jpeg", quality=95)
frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "lime", "blue")]
for n, frame in enumerate(frames):
    frame.paste("white", (n * 20, 0, n * 20 + 20, 20))
frames[0].save("made.gif", save_all=True, append_images=frames[1:])

with open("made.json", "w", encoding="utf-8") as file:
    json.dump({"text": TEXT, "numbers": [1, 2.5, None]}, file, ensure_ascii=False)
table.to_html("made.html", index=False)
with zipfile.ZipFile("made.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("größe/" + "a.txt", TEXT * 1000)
with tarfile.open("made.tar", "w") as archive:
    member = tarfile.TarInfo("größe/a.txt")
    member.size = len(TEXT.encode())
    archive.addfile(member, io.BytesIO(TEXT.encode()))
"""


@pytest.fixture(scope="module")
def downloads(server: str) -> Iterator[dict[str, bytes]]:
    """Files that code in a sandbox wrote, by extension."""
    with Client(server) as client, client.sessions.create(image=FULL) as session:
        result = session.run(WRITE)
        assert result.error is None, result.error
        yield {Path(file.filename).suffix: client.files.read(file.id) for file in result.files}


def xml(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(archive.read(name))  # noqa: S314 - the test's own file


def test_each_file_that_was_written_comes_out(downloads: dict[str, bytes]) -> None:
    assert sorted(downloads) == sorted(WRITTEN)


def test_a_written_csv(downloads: dict[str, bytes]) -> None:
    rows = list(csv.reader(io.StringIO(downloads[".csv"].decode(), newline="")))
    assert rows == [["city", "sales"], ["Zürich", "4200.5"], ["東京, 日本", "3100.0"]]


def test_a_written_workbook(downloads: dict[str, bytes]) -> None:
    book = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(downloads[".xlsx"])) as archive:
        names = xml(archive, "xl/workbook.xml").iter(f"{book}sheet")
        assert [sheet.get("name") for sheet in names] == ["Städte"]
        sheet = xml(archive, "xl/worksheets/sheet1.xml")
    cells = {}
    for cell in sheet.iter(f"{book}c"):
        text = "".join(part.text or "" for part in cell.iter(f"{book}t"))
        cells[cell.get("r")] = text or float(cell.findtext(f"{book}v", ""))
    assert cells == {
        "A1": "city", "B1": "sales", "A2": "Zürich", "B2": 4200.5, "A3": "東京, 日本", "B3": 3100,
    }  # fmt: skip


def test_a_written_document(downloads: dict[str, bytes]) -> None:
    word = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(downloads[".docx"])) as archive:
        tree = xml(archive, "word/document.xml")
    paragraphs = ["".join(paragraph.itertext()) for paragraph in tree.iter(f"{word}p")]
    assert paragraphs == ["Bericht", "Zürich → 東京"]


def test_written_slides(downloads: dict[str, bytes]) -> None:
    drawing = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(downloads[".pptx"])) as archive:
        slides = [xml(archive, f"ppt/slides/slide{number}.xml") for number in (1, 2)]
    texts = [[text.text for text in slide.iter(f"{drawing}t")] for slide in slides]
    assert texts == [["Bericht"], ["Zürich → 東京"]]


def test_a_written_pdf(downloads: dict[str, bytes]) -> None:
    pages = decoded.pdf(downloads[".pdf"])
    assert [page.strip() for page in pages] == ["Bericht: Łódź → Zürich", "The second page"]


def test_a_written_png(downloads: dict[str, bytes]) -> None:
    picture = decoded.png(downloads[".png"])
    assert (picture.width, picture.height) == (60, 40)
    assert picture.colours == [(x * 4, y * 6, 128) for y in range(40) for x in range(60)]


def test_a_written_jpeg(downloads: dict[str, bytes]) -> None:
    picture = decoded.jpeg(downloads[".jpeg"])
    assert (picture.width, picture.height) == (60, 40)
    for x, y in ((3, 3), (30, 5), (55, 36), (10, 35)):
        assert picture.at(x, y) == pytest.approx((x * 4, y * 6, 128), abs=12)


def test_a_written_gif(downloads: dict[str, bytes]) -> None:
    frames = decoded.gif(downloads[".gif"])
    white = (255, 255, 255)
    assert [(frame.at(n * 20 + 10, 10), frame.at(30, 30)) for n, frame in enumerate(frames)] == [
        (white, (255, 0, 0)),
        (white, (0, 255, 0)),
        (white, (0, 0, 255)),
    ]


def test_a_written_json(downloads: dict[str, bytes]) -> None:
    assert json.loads(downloads[".json"]) == {"text": "Zürich → 東京", "numbers": [1, 2.5, None]}


class Cells(HTMLParser):
    """Keeps the texts of a table's cells."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data)


def test_a_written_page(downloads: dict[str, bytes]) -> None:
    cells = Cells()
    cells.feed(downloads[".html"].decode())
    assert cells.texts == ["city", "sales", "Zürich", "4200.5", "東京, 日本", "3100.0"]


def test_a_written_zip(downloads: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(downloads[".zip"])) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["größe/a.txt"]
        assert archive.read("größe/a.txt").decode() == "Zürich → 東京" * 1000


def test_a_written_tar(downloads: dict[str, bytes]) -> None:
    with tarfile.open(fileobj=io.BytesIO(downloads[".tar"])) as archive:
        assert archive.getnames() == ["größe/a.txt"]
        content = archive.extractfile("größe/a.txt")
        assert content is not None
        assert content.read().decode() == "Zürich → 東京"
