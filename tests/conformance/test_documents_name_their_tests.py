"""Every behaviour that the documents promise names a test that exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
ROWS = "integration/docker/test_what_code_shows.py"
DOCUMENTS = {
    "docs/execution.md": 20,
    "docs/files.md": 20,
    "docs/run-steps.md": 20,
    "docs/errors.md": 20,
    "docs/gvisor.md": 8,
    "docs/egress.md": 10,
    "docs/reliability.md": 50,
    "docs/monitoring.md": 5,
    "docs/operations.md": 7,
    "docs/jupyter.md": 30,
    "docs/client.md": 14,
    "docs/examples.md": 12,
    "docs/console.md": 20,
    "docs/storage.md": 15,
    "SECURITY.md": 5,
}
"""With how many tests each must name: what finds none must not pass."""


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_tests_that_are_named_exist(name: str) -> None:
    named = TEST.findall((ROOT / name).read_text())
    assert len(named) >= DOCUMENTS[name]
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not re.search(rf"def {test}\(", (ROOT / "tests" / file).read_text())
    ]
    assert missing == []


def test_execution_names_rows_that_exist() -> None:
    section = (ROOT / "docs" / "execution.md").read_text().split("\n## ")[1]
    table = section.split("| exceptions |")[0]
    rows = [line.split("|")[-2].strip(" `") for line in table.splitlines() if line[:1] == "|"][2:]
    source = (ROOT / "tests" / ROWS).read_text()
    assert len(rows) > 25
    assert [row for row in rows if f'"{row}": Row(' not in source] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_row_of_a_table_names_a_test(name: str) -> None:
    document = (ROOT / name).read_text()
    tables = re.findall(r"(?:^\|.*\n)+", document, re.MULTILINE)
    promises = [
        row
        for heading, _line, *rows in (table.splitlines() for table in tables)
        if heading.endswith("| test |")
        for row in rows
    ]
    assert len(promises) >= DOCUMENTS[name]
    assert [row for row in promises if not TEST.search(row)] == []
