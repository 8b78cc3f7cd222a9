"""Benchmark tables in a document: written between markers; the other text stays."""

import pytest
from benchmarks.document import renewed
from benchmarks.results import AimResult

from tests.unit.benchmarks.found import measured, run

AIM = AimResult("sums", "no slower", 2.0, 1, "stock")
DOCUMENT = """# Performance
<!-- bench run -->
<!-- /bench -->
Words.
<!-- bench summary -->
| old |
<!-- /bench -->
<!-- bench sums -->
<!-- /bench -->
The end.
"""


def test_tables_are_replaced_and_other_text_stays() -> None:
    found = run(measured({"ours": [2.0], "stock": [1.0]}, aims=(AIM,)))
    text = renewed(DOCUMENT, found)
    assert "| old |" not in text
    assert "| sums | no slower | 2.00 of stock | **missed** |" in text
    assert "| ours | 2.00 | 2.00 | 2.00 | 1 |" in text
    assert "load of the machine was 0.3" in text
    assert "\nWords.\n" in text
    assert text.endswith("<!-- /bench -->\nThe end.\n")


def test_renewing_twice_gives_the_same_document() -> None:
    found = run(measured({"ours": [2.0], "stock": [1.0]}))
    once = renewed(DOCUMENT, found)
    assert renewed(once, found) == once


def test_marker_without_a_measurement_is_an_error() -> None:
    with pytest.raises(ValueError, match="bench sums"):
        renewed(DOCUMENT, run())
