"""A file's type is what its content says, made precise by its name."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from cellblock_server.files.mime import HEAD_BYTES, guess_type

OFFICE = "application/vnd.openxmlformats-officedocument"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
OLE = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(500)


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("a", "b")
    return file.getvalue()


def tape() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as made:
        made.addfile(tarfile.TarInfo("x"))
    return file.getvalue()[:HEAD_BYTES]


@pytest.mark.parametrize(
    ("filename", "head", "expected"),
    [
        ("a.png", PNG, "image/png"),
        ("a", PNG, "image/png"),
        ("a.csv", PNG, "image/png"),
        ("a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg"),
        ("a.gif", b"GIF89a" + bytes(20), "image/gif"),
        ("a.webp", b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        ("a.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "application/pdf"),
        ("a.png", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "application/pdf"),
        ("a.zip", archive(), "application/zip"),
        ("a", archive(), "application/zip"),
        ("a.csv", archive(), "application/zip"),
        ("a.docx", archive(), f"{OFFICE}.wordprocessingml.document"),
        ("a.pptx", archive(), f"{OFFICE}.presentationml.presentation"),
        ("a.xlsx", archive(), f"{OFFICE}.spreadsheetml.sheet"),
        ("a.doc", OLE, "application/msword"),
        ("a.tar", tape(), "application/x-tar"),
        ("a.tar.gz", b"\x1f\x8b\x08\0" + bytes(20), "application/gzip"),
        ("a", b"\x1f\x8b\x08\0" + bytes(20), "application/gzip"),
        ("a.c", b"int main() {}", "text/x-c"),
        ("a.cs", b"class A {}", "text/x-csharp"),
        ("a.cpp", b"class A {};", "text/x-c++"),
        ("a.css", b"a {}", "text/css"),
        ("a.csv", b"a,b\n1,2\n", "text/csv"),
        ("a.csv", "ä,ö\n".encode("latin-1"), "text/csv"),
        ("a.csv", b"\xff\xfea\0,\0b\0", "text/csv"),
        ("a.csv", b"BMW,2002\n", "text/csv"),
        ("a.html", b"<!DOCTYPE html>", "text/html"),
        ("a", b"<!DOCTYPE html>", "text/html"),
        ("a.java", b"class A {}", "text/x-java"),
        ("a.js", b"1", "text/javascript"),
        ("a.json", b"{}", "application/json"),
        ("a.md", b"# a", "text/markdown"),
        ("a.php", b"<?php", "text/x-php"),
        ("a.py", b"1", "text/x-python"),
        ("a.rb", b"1", "text/x-ruby"),
        ("a.sh", b"#!/bin/sh\n", "application/x-sh"),
        ("a.tex", b"\\x", "text/x-tex"),
        ("a.ts", b"let a", "application/typescript"),
        ("a.txt", "ä".encode(), "text/plain"),
        ("a.xml", b"<?xml version='1.0'?><a/>", "text/xml"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        ("a.parquet", b"PAR1" + bytes(100), "application/vnd.apache.parquet"),
        ("a.npy", b"\x93NUMPY\x01\0", "application/octet-stream"),
        ("a", b"", "application/octet-stream"),
        ("a.csv", b"", "text/csv"),
        ("a", b"words", "text/plain"),
        ("a.png", b"words", "text/plain"),
        ("a.png", bytes(100), "application/octet-stream"),
        ("a.csv", bytes(100), "application/octet-stream"),
        ("a", ("ä" * HEAD_BYTES).encode()[: HEAD_BYTES + 1], "text/plain"),
    ],
)
def test_types(filename: str, head: bytes, expected: str) -> None:
    assert guess_type(filename, head) == expected


def test_nothing_that_a_file_begins_with_breaks_it() -> None:
    for path in Path("/usr/bin").iterdir():
        if path.is_file():
            with path.open("rb") as file:
                assert "/" in guess_type(path.name, file.read(HEAD_BYTES))
