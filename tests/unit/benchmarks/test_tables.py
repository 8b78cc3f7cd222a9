"""A scenario as a table: ratios are of the baseline's median."""

from benchmarks.tables import markdown, scenario_table

from tests.unit.benchmarks.found import measured


def test_ratios_are_of_the_baselines_median() -> None:
    rows = scenario_table(measured({"ours": [8.0, 12.0], "stock": [20.0]}))
    assert rows == [
        ("", "of the baseline", "median ms", "p95 ms", "samples"),
        ("ours", "0.500", "10.0", "11.8", "2"),
        ("stock (baseline)", "1.00", "20.0", "20.0", "1"),
    ]


def test_of_rates_the_slow_rounds_are_the_tail() -> None:
    rates = [float(rate) for rate in range(101)]
    (_head, ours) = scenario_table(measured({"ours": rates}, more_is_better=True))
    assert ours == ("ours", "-", "50.0", "5.00", "101")


def test_markdown_has_a_line_for_each_row() -> None:
    assert markdown([("", "ms"), ("ours", "1")]) == "|   | ms |\n| --- | --- |\n| ours | 1 |\n"
