"""Medians and 95th percentiles of samples."""

import pytest
from benchmarks.timing import Samples, repeat


@pytest.mark.parametrize(
    ("values", "median", "p95"),
    [
        ([3.0], 3.0, 3.0),
        ([1.0, 2.0], 1.5, 1.95),
        ([5.0, 1.0, 3.0], 3.0, 4.8),
        ([float(n) for n in range(101)], 50.0, 95.0),
    ],
)
def test_of_few_and_many(values: list[float], median: float, p95: float) -> None:
    samples = Samples(values)
    assert samples.median == median
    assert samples.p95 == pytest.approx(p95)


def test_every_round_is_a_sample() -> None:
    done: list[int] = []
    assert len(repeat(3, lambda: done.append(1)).values) == len(done) == 3
