"""The files for Prometheus and Grafana, and the names that they may use."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase

from cellblock_server.telemetry.metrics import Metrics

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = DEPLOY / "grafana" / "cellblock.json"
ALERTS = DEPLOY / "prometheus" / "alerts.yaml"
PROMETHEUS = DEPLOY / "prometheus" / "prometheus.yaml"
SELECTOR = re.compile(r"\b((?:cellblock|process)_\w+)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"")
ADDED = {"instance", "job", "le"}
"""Labels that Prometheus gives, and that of histograms' buckets."""

needs_prometheus = pytest.mark.skipif(
    os.getuid() != 0 and shutil.which("promtool") is None,
    reason="Prometheus is not installed, and only root can (make test does it)",
)


def queries() -> list[str]:
    """Return all queries of the dashboard's panels."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]


def series() -> dict[str, set[str]]:
    """Return the names of all exported samples, with their labels."""
    metrics = Metrics()
    found: dict[str, set[str]] = {}
    for one in vars(metrics).values():
        if isinstance(one, MetricWrapperBase):
            suffixes = {"counter": ["_total"], "histogram": ["_count", "_sum", "_bucket"]}
            for suffix in suffixes.get(str(one._type), [""]):
                found[one._name + suffix] = set(one._labelnames)
    for family in metrics.registry.collect():
        if family.name.startswith("process_"):
            found |= {sample.name: set() for sample in family.samples}
    return found


def unknown(expression: str) -> list[str]:
    """Return the names and labels in an expression that no server exports."""
    known = series()
    wrong = []
    for name, matchers in SELECTOR.findall(expression):
        if name not in known:
            wrong.append(name)
            continue
        labels = set(MATCHER.findall(matchers)) - ADDED - known[name]
        wrong += [f"{name}{{{label}}}" for label in sorted(labels)]
    return wrong


def unknown_groups(expression: str) -> list[str]:
    """Return the labels that an expression groups by and none of its metrics has."""
    known = series()
    names = [name for name, _matchers in SELECTOR.findall(expression)]
    labels = set().union(*(known.get(name, set()) for name in names)) | ADDED
    grouped = re.findall(r"\bby \(([^)]*)\)", expression)
    return sorted({label for group in grouped for label in group.split(", ")} - labels)
