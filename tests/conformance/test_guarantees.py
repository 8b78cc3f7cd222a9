"""Claims about the product name tests that exist, and user pages leave test ids to one page."""

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from generate_guarantees import ROOT, SOURCES, TARGET, Area, areas

ANY_TEST = re.compile(r"[\w/]+\.py::test_\w+")
TEST_ID = re.compile(r"([\w/]+\.py)::(test_\w+)(?:\[(.+)\])?")
IN_PAGE = re.compile(r"`([\w/]+\.py::test_\w+)`")
PATTERNS = ("SECURITY.md", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/*.md")
STILL_TO_CONVERT = {
    "docs/client.md": 14,
    "docs/examples.md": 12,
}
"""User pages that name tests themselves, and the least number of them. Remove a page when its test
ids move to docs/guarantees/*.toml; add none."""
PAGES = [
    str(path.relative_to(ROOT))
    for pattern in PATTERNS
    for path in sorted(ROOT.glob(pattern))
    if path != TARGET
]


@cache
def source(file: str) -> str:
    path = ROOT / "tests" / file
    return path.read_text() if path.is_file() else ""


def exists(test: str) -> bool:
    match = TEST_ID.fullmatch(test)
    if match is None:
        return False
    file, name, parameters = match.groups()
    text = source(file)
    return bool(re.search(rf"def {name}\(", text)) and (not parameters or f'"{parameters}"' in text)


@pytest.mark.parametrize("path", sorted(SOURCES.glob("*.toml")), ids=lambda path: path.stem)
def test_claims_name_tests_that_exist(path: Path) -> None:
    named = [test for claim in Area.read(path).claims() for test in claim.tests]
    assert [test for test in named if not exists(test)] == []


def test_no_claim_stands_twice() -> None:
    claims = Counter(claim.claim for area in areas() for claim in area.claims())
    assert [claim for claim, times in claims.items() if times > 1] == []


def test_each_area_belongs_to_one_page_that_exists() -> None:
    pages = [area.page for area in areas()]
    assert len(pages) == len(set(pages))
    assert [page for page in pages if page not in PAGES] == []


@pytest.mark.parametrize("name", [page for page in PAGES if page not in STILL_TO_CONVERT])
def test_a_user_page_names_no_test(name: str) -> None:
    assert ANY_TEST.findall((ROOT / name).read_text()) == []


@pytest.mark.parametrize("name", STILL_TO_CONVERT)
def test_the_tests_that_a_page_names_exist(name: str) -> None:
    named = IN_PAGE.findall((ROOT / name).read_text())
    assert len(named) >= STILL_TO_CONVERT[name]
    assert [test for test in named if not exists(test)] == []


@pytest.mark.parametrize("name", STILL_TO_CONVERT)
def test_every_row_of_a_table_with_tests_names_one(name: str) -> None:
    document = (ROOT / name).read_text()
    tables = re.findall(r"(?:^\|.*\n)+", document, re.MULTILINE)
    rows = [
        row
        for heading, _line, *rows in (table.splitlines() for table in tables)
        if heading.endswith("| test |")
        for row in rows
    ]
    assert len(rows) >= STILL_TO_CONVERT[name]
    assert [row for row in rows if not IN_PAGE.search(row)] == []
