"""Aims of a benchmark: the value each is compared with, and when it is met."""

from contextlib import nullcontext

import pytest
from benchmarks.results import Measured
from benchmarks.scenario import Aim, Entrant, Scenario
from benchmarks.tables import summary

from tests.unit.benchmarks.found import run


def entrant() -> Entrant:
    return lambda _stage: nullcontext(lambda: [0.0])


def scenario(*aims: Aim) -> Scenario:
    entrants = {"ours": entrant(), "stock": entrant()}
    return Scenario("sums", "Sums", "ms", entrants, "stock", 1, 1, aims)


RATIO = Aim(what="sums", text="no slower", ours="ours", bound=1, of="stock")
ABSOLUTE = Aim(what="sums", text="under 25 ms", ours="ours", bound=25)


@pytest.mark.parametrize(
    ("aim", "ours", "stock", "seen", "is_met"),
    [
        (RATIO, [4.0, 5.0, 90.0], [5.0], 1.0, True),
        (RATIO, [6.0], [5.0], 1.2, False),
        (ABSOLUTE, [25.0], [1.0], 25.0, True),
        (ABSOLUTE, [25.1], [100.0], 25.1, False),
    ],
)
def test_aim_compares_medians(
    aim: Aim, ours: list[float], stock: list[float], seen: float, is_met: bool
) -> None:
    (result,) = Measured.of(scenario(aim), {"ours": ours, "stock": stock}).aims
    assert result.seen == pytest.approx(seen)
    assert result.is_met is is_met


def test_summary_marks_a_missed_aim() -> None:
    found = Measured.of(scenario(RATIO, ABSOLUTE), {"ours": [20.0], "stock": [5.0]})
    assert summary(run(found))[1:] == [
        ("sums", "no slower", "4.00 of stock", "**missed**"),
        ("sums", "under 25 ms", "20.0 ms", "met"),
    ]


def test_aim_without_its_baseline_is_left_out() -> None:
    assert Measured.of(scenario(RATIO, ABSOLUTE), {"ours": [1.0]}).aims == [
        *Measured.of(scenario(ABSOLUTE), {"ours": [1.0]}).aims
    ]
