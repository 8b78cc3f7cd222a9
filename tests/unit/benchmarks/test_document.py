"""Tables get into a document between markers; what people wrote around them stays."""

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


def test_parts_are_replaced_and_all_else_stays() -> None:
    found = run(measured({"ours": [2.0], "stock": [1.0]}, aims=(AIM,)))
    text = renewed(DOCUMENT, found)
    assert "| old |" not in text
    assert "| sums | no slower | 2.00 of stock | **missed** |" in text
    assert "| ours | 2.00 | 2.00 | 2.00 | 1 |" in text
    assert "load of the machine was 0.3" in text
    assert "\nWords.\n" in text
    assert text.endswith("<!-- /bench -->\nThe end.\n")


def test_it_can_be_done_again() -> None:
    found = run(measured({"ours": [2.0], "stock": [1.0]}))
    once = renewed(DOCUMENT, found)
    assert renewed(once, found) == once


def test_a_part_that_nobody_measured_is_told() -> None:
    with pytest.raises(ValueError, match="bench sums"):
        renewed(DOCUMENT, run())
