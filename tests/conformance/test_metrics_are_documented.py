"""docs/reference/metrics.md has every metric, with its type and labels, and no other."""

import re
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase

from cellblock_server.telemetry.metrics import Metrics

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
ROW = re.compile(r"^\| `(cellblock_\w+)` \| (\w+) \| ?([^|]*) \| ([^|]+) \|$", re.MULTILINE)
Row = tuple[str, str, tuple[str, ...]]


def documented() -> list[Row]:
    return [
        (name, kind, tuple(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels, _meaning in ROW.findall(PAGE.read_text())
    ]


def registered() -> list[Row]:
    found = vars(Metrics()).values()
    instruments = [one for one in found if isinstance(one, MetricWrapperBase)]
    return [
        (
            one._name + ("_total" if one._type == "counter" else ""),
            str(one._type),
            tuple(one._labelnames),
        )
        for one in instruments
    ]


def test_the_page_lists_what_is_in_the_registry() -> None:
    assert len(documented()) > 20
    assert sorted(documented()) == sorted(registered())


def test_all_that_is_in_the_registry_is_ours_or_the_librarys() -> None:
    names = {family.name for family in Metrics().registry.collect()}
    ours = {name.removesuffix("_total") for name, _kind, _labels in registered()}
    assert {name for name in names if name.startswith("cellblock_")} == ours
