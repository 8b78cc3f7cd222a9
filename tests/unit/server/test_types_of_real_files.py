"""Files that real programs wrote have their registered MIME types."""

from pathlib import Path

import pytest

from cellblock_server.files.mime import HEAD_BYTES, guess_type

SAMPLES = Path(__file__).parents[2] / "samples"
OFFICE = "application/vnd.openxmlformats-officedocument"
OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
BINARY = {
    "a.aac": "audio/aac",
    "a.m4a": "audio/mp4",
    "a.mka": "audio/matroska",
    "a.opus": "audio/ogg",
    "a.weba": "audio/webm",
    "a.wma": "audio/x-ms-wma",
    "art.psd": "image/vnd.adobe.photoshop",
    "big.tif": "image/tiff",
    "binary.xlsb": "application/vnd.ms-excel.sheet.binary.macroenabled.12",
    "book.epub": "application/epub+zip",
    "draw.odg": f"{OPEN_DOCUMENT}.graphics",
    "font.otf": "font/otf",
    "font.ttf": "font/ttf",
    "font.woff": "font/woff",
    "font.woff2": "font/woff2",
    "macro.xlsm": "application/vnd.ms-excel.sheet.macroenabled.12",
    "ole.msg": "application/vnd.ms-outlook",
    "ole.ppt": "application/vnd.ms-powerpoint",
    "ole.vsd": "application/vnd.visio",
    "openpyxl.xlsx": f"{OFFICE}.spreadsheetml.sheet",
    "pil.avif": "image/avif",
    "pil.bmp": "image/bmp",
    "pil.gif": "image/gif",
    "pil.heic": "image/heic",
    "pil.ico": "image/vnd.microsoft.icon",
    "pil.jp2": "image/jp2",
    "pil.jpg": "image/jpeg",
    "pil.pdf": "application/pdf",
    "pil.png": "image/png",
    "pil.tiff": "image/tiff",
    "pil.webp": "image/webp",
    "plain.mp3": "audio/mpeg",
    "pres.odp": f"{OPEN_DOCUMENT}.presentation",
    "rl.pdf": "application/pdf",
    "sheet.ods": f"{OPEN_DOCUMENT}.spreadsheet",
    "slides.pptx": f"{OFFICE}.presentationml.presentation",
    "sound.aiff": "audio/aiff",
    "sound.flac": "audio/flac",
    "sound.mp3": "audio/mpeg",
    "sound.ogg": "audio/ogg",
    "sound.wav": "audio/vnd.wave",
    "std.wav": "audio/vnd.wave",
    "t.arrow": "application/vnd.apache.arrow.file",
    "t.arrows": "application/vnd.apache.arrow.stream",
    "t.csv.gz": "application/gzip",
    "t.feather": "application/vnd.apache.arrow.file",
    "t.orc": "application/vnd.apache.orc",
    "t.parquet": "application/vnd.apache.parquet",
    "template.xltx": f"{OFFICE}.spreadsheetml.template",
    "text.odt": f"{OPEN_DOCUMENT}.text",
    "v.3gp": "video/3gpp",
    "v.avi": "video/vnd.avi",
    "v.flv": "video/x-flv",
    "v.m4v": "video/mp4",
    "v.mkv": "video/matroska",
    "v.mov": "video/quicktime",
    "v.mp4": "video/mp4",
    "v.ogv": "video/ogg",
    "v.ts": "video/mp2t",
    "v.webm": "video/webm",
    "v.wmv": "video/x-ms-wmv",
    "v4.mat": "application/x-matlab-data",
    "v73.mat": "application/x-matlab-data",
    "word.docx": f"{OFFICE}.wordprocessingml.document",
    "x.7z": "application/x-7z-compressed",
    "x.apk": "application/vnd.android.package-archive",
    "x.bz2": "application/x-bzip2",
    "x.db": "application/vnd.sqlite3",
    "x.dta": "application/x-stata-dta",
    "x.gz": "application/gzip",
    "x.h5": "application/x-hdf5",
    "x.jar": "application/java-archive",
    "x.kmz": "application/vnd.google-earth.kmz",
    "x.mat": "application/x-matlab-data",
    "x.nc": "application/x-netcdf",
    "x.npy": "application/octet-stream",
    "x.npz": "application/zip",
    "x.pkl": "application/octet-stream",
    "x.rar": "application/vnd.rar",
    "x.sav": "application/x-spss-sav",
    "x.shp": "application/vnd.shp",
    "x.sqlite": "application/vnd.sqlite3",
    "x.tar": "application/x-tar",
    "x.tar.bz2": "application/x-bzip2",
    "x.tar.gz": "application/gzip",
    "x.tar.xz": "application/x-xz",
    "x.tgz": "application/gzip",
    "x.wasm": "application/wasm",
    "x.whl": "application/zip",
    "x.xpt": "application/x-sas-xport",
    "x.xz": "application/x-xz",
    "x.zip": "application/zip",
    "x.zsav": "application/x-spss-sav",
    "x.zst": "application/zstd",
    "x118.dta": "application/x-stata-dta",
    "x4.nc": "application/x-netcdf",
    "xlwt.xls": "application/vnd.ms-excel",
}
TEXTS = {
    "x.bib": ("@book{a, title={x}}", "text/x-bibtex"),
    "x.eml": ("From: a@example.org\nSubject: x\n\ny", "message/rfc822"),
    "x.eps": ("%!PS-Adobe-3.0 EPSF-3.0\n", "application/postscript"),
    "x.geojson": ('{"type": "FeatureCollection", "features": []}', "application/geo+json"),
    "x.gpx": ("<?xml version='1.0'?><gpx/>", "application/gpx+xml"),
    "x.ics": ("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "text/calendar"),
    "x.ini": ("[a]\nb=1\n", "text/plain"),
    "x.ipynb": ('{"cells": [], "nbformat": 4}', "application/x-ipynb+json"),
    "x.kml": ("<?xml version='1.0'?><kml/>", "application/vnd.google-earth.kml+xml"),
    "x.log": ("2024-05-01 INFO", "text/plain"),
    "x.ndjson": ("{}\n", "application/x-ndjson"),
    "x.pdf": ("%PDF-1.4\n1 0 obj\n", "application/pdf"),
    "x.r": ("x <- 1", "text/x-r"),
    "x.rtf": (r"{\rtf1\ansi x}", "application/rtf"),
    "x.doc": (r"{\rtf1\ansi x}", "application/rtf"),
    "x.sql": ("select 1;", "application/sql"),
    "x.toml": ("a = 1", "application/toml"),
    "x.tsv": ("a\tb\n", "text/tab-separated-values"),
    "x.vcf": ("BEGIN:VCARD\r\nEND:VCARD\r\n", "text/vcard"),
    "x.yml": ("a: 1", "application/yaml"),
    "X.YAML": ("a: 1", "application/yaml"),
}


def head_of(name: str) -> bytes:
    return (SAMPLES / "types" / name).read_bytes()[:HEAD_BYTES]


@pytest.mark.parametrize("name", BINARY)
def test_a_binary_file_has_its_registered_type(name: str) -> None:
    assert guess_type(name, head_of(name)) == BINARY[name]


def test_every_sample_is_tested() -> None:
    samples = {path.name for path in (SAMPLES / "types").iterdir()} - {"README.md"}
    assert samples == set(BINARY)


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_file_has_its_registered_type(name: str) -> None:
    text, kind = TEXTS[name]
    assert guess_type(name, text.encode()) == kind


@pytest.mark.parametrize(
    "name",
    ["book.epub", "openpyxl.xlsx", "pil.avif", "pil.heic", "pil.png", "rl.pdf", "sound.wav",
     "t.parquet", "text.odt", "v.mp4", "word.docx", "x.db", "x.h5", "x.zip"],
)  # fmt: skip
def test_a_file_without_an_extension_has_the_type_of_its_content(name: str) -> None:
    assert guess_type("upload", head_of(name)) == BINARY[name]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("pil.png", "page.html"),
        ("pil.png", "table.csv"),
        ("pil.png", "paper.pdf"),
        ("x.db", "table.csv"),
        ("x.zip", "paper.pdf"),
        ("text.odt", "letter.docx"),
        ("word.docx", "table.xlsx"),
        ("openpyxl.xlsx", "old.xls"),
        ("v.mp4", "sound.mp3"),
    ],
)
def test_a_false_name_does_not_change_the_type(content: str, name: str) -> None:
    assert guess_type(name, head_of(content)) == BINARY[content]


def test_html_in_a_table_of_excel_is_html() -> None:
    assert guess_type("export.xls", b"<html><table><tr><td>1</td></tr></table></html>") == (
        "text/html"
    )


def test_a_declared_type_has_a_bounded_length() -> None:
    head = b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument." + b"a" * 4000
    assert len(guess_type("x", head)) < 100
