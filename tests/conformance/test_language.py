"""Docstrings, comments, messages and documents are written in plain English.

`scripts/check_language.py` has the rules.
"""

import pytest
from check_language import checked_files, findings_in, python_findings


def test_all_files_are_in_plain_english() -> None:
    findings = [str(finding) for path in checked_files() for finding in findings_in(path)]
    assert findings == []


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
