"""The dashboard asks for metrics that a server shows."""

import json

from tests.support.operators import DASHBOARD, queries, series, unknown, unknown_groups


def test_names_and_labels_are_those_of_the_registry() -> None:
    assert len(queries()) > 30
    assert [query for query in queries() if unknown(query) or unknown_groups(query)] == []


def test_each_metric_has_a_panel() -> None:
    asked = " ".join(queries())
    ours = {name.removesuffix("_sum").removesuffix("_count") for name in series()}
    ours = {name.removesuffix("_bucket") for name in ours if name.startswith("cellblock_")}
    assert {name for name in ours if name not in asked} == set()


def test_panels_do_not_lie_on_each_other() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        at = panel["gridPos"]
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert x < 24, panel["title"]
                other = taken.setdefault((x, y), panel["title"])
                assert other == panel["title"]


def test_ids_are_unique() -> None:
    ids = [panel["id"] for panel in json.loads(DASHBOARD.read_text())["panels"]]
    assert len(ids) == len(set(ids))
