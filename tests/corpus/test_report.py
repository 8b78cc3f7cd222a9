"""The page has the pass rate of each subject and the reason of each failure."""

from pathlib import Path

import pytest

from tests.corpus import program as program_module
from tests.corpus.program import Program
from tests.corpus.report import Report, reason
from tests.corpus.results import Results


def test_the_reason_is_the_exception_if_there_is_one() -> None:
    found = [
        "cell 2: images is 0, expected 1",
        "cell 2: error is 'AttributeError': no attribute 'trapz', expected None",
    ]
    assert reason(found) == "`AttributeError: no attribute 'trapz'`"


def test_the_reason_is_one_line_of_a_table() -> None:
    found = [f"cell 1: stdout is 'a|b`c\n{'x' * 300}', expected ''"]
    shown = reason(found)
    assert shown.startswith("`stdout is 'a¦b'c x")
    assert shown.endswith("x…`")
    assert "\n" not in shown


def test_the_page_has_rates_failures_and_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program_module, "PROGRAMS", tmp_path)
    (tmp_path / "numpy").mkdir()
    sources = {
        "mean": "1\n",
        "trapz": "1\n",
        "cuda": '# /// session\n# limit = "a GPU"\n# ///\n1\n',
    }
    for name, source in sources.items():
        (tmp_path / "numpy" / f"{name}.py").write_text(source)
    programs = [Program(tmp_path / "numpy" / f"{name}.py") for name in sources]
    results = Results(
        "image:1",
        {"numpy/mean": [], "numpy/trapz": ["cell 1: images is 0, expected 1"], "numpy/cuda": ["x"]},
        versions={"python": "3.11.2", "pandas": "2.3.3", "numpy": "2.3.5", "matplotlib": "3.8.4"},
    )
    page = Report(programs, [results]).page()
    assert "| `image:1` | 3.11.2 | 2.3.3 | 2.3.5 | 3.8.4 | 1 (33%) |" in page
    assert "| numpy | 3 | 1 (33%) |" in page
    assert "| numpy/trapz | `images is 0, expected 1` |" in page
    assert "| numpy/cuda | a GPU |" in page
