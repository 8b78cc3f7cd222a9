"""READMEs outside the site, which MkDocs doesn't check, link to files that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("benchmarks", "client", "deploy", "examples", "proto", "sandbox_image", "tests")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)(?:#[^)\s]*)?\)")


def test_readmes_link_to_files() -> None:
    pages = [page for folder in FOLDERS for page in (ROOT / folder).rglob("README.md")]
    links = [
        (page, target)
        for page in pages
        for target in LINK.findall(page.read_text())
        if not target.startswith(("http:", "https:"))
    ]
    assert links
    assert [
        (str(page.relative_to(ROOT)), target)
        for page, target in links
        if not (page.parent / target).exists()
    ] == []
