"""Claims about the product name tests that exist, and user pages leave test ids to one page."""

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from generate_guarantees import ROOT, SOURCES, TARGET, Area, areas

ANY_TEST = re.compile(r"[\w/]+\.py::test_\w+")
TEST_ID = re.compile(r"([\w/]+\.py)::(test_\w+)(?:\[(.+)\])?")
PATTERNS = ("SECURITY.md", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/*/*.md")
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


@pytest.mark.parametrize("name", PAGES)
def test_a_user_page_names_no_test(name: str) -> None:
    named = ANY_TEST.findall((ROOT / name).read_text())
    assert named == [], "move test ids to docs/guarantees/*.toml, and run `make docs`"
