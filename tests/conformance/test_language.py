"""Docstrings, comments, messages and documents are written in plain English.

`scripts/check_language.py` has the rules. `language_debt.txt` lists the files that have not been
revised yet. It only shrinks: a file that is not on it must have no findings, and a file without
findings must leave it (`python scripts/check_language.py --shrink`).
"""

from pathlib import Path

import pytest
from check_language import DEBT, checked_files, debt, failing_files, findings_in, python_findings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def failing() -> set[str]:
    return failing_files(checked_files())


def test_revised_files_have_no_findings(failing: set[str]) -> None:
    findings = [str(finding) for path in sorted(failing - debt()) for finding in findings_in(path)]
    assert findings == []


def test_revised_files_are_not_on_the_list(failing: set[str]) -> None:
    assert sorted(debt() - failing) == [], "run `python scripts/check_language.py --shrink`"


def test_the_list_is_sorted() -> None:
    lines = DEBT.read_text().splitlines()
    assert lines == sorted(set(lines))


def test_the_agent_and_the_protocols_are_revised() -> None:
    folders = ("sandbox_image/", "proto/", "tests/unit/agent/", "tests/integration/agent/")
    assert [path for path in debt() if path.startswith(folders)] == []


@pytest.mark.parametrize(
    "source",
    [
        '"""What a session is."""\n',
        '"""How long a session lives."""\n',
        'LIMIT = 5\n"""Of one message."""\n',
        'def find() -> None:\n    """Whoever waits for it."""\n',
        '"""The caller is told."""\n',
        "# Nobody reads it.\n",
        'raise ValueError("it was made anew")\n',
    ],
)
def test_unclear_language_is_found(source: str) -> None:
    assert list(python_findings("server/example.py", source)) != []


@pytest.mark.parametrize(
    "source",
    [
        '"""Maximum number of messages."""\n',
        'def find() -> None:\n    """Return the session of a caller."""\n',
        '"""What is a session?"""\n',
        'told = "told"\n',
        "# The caller is notified.\n",
    ],
)
def test_plain_language_passes(source: str) -> None:
    assert list(python_findings("server/example.py", source)) == []


def test_names_of_tests_are_checked() -> None:
    source = "def test_nobody_waits() -> None:\n    assert True\n"
    assert list(python_findings("tests/test_example.py", source)) != []
