"""Prometheus takes the alerts, they ask for metrics that there are, and each is documented."""

import re
import subprocess
from pathlib import Path

import yaml

from tests.support.operators import ALERTS, PROMETHEUS, needs_prometheus, unknown, unknown_groups

HERE = Path(__file__).parent
GUIDE = HERE.parents[1] / "docs" / "operate" / "troubleshooting.md"


def rules() -> dict[str, str]:
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


def promtool(*arguments: str) -> None:
    done = subprocess.run(["promtool", *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout, done.stderr)


def test_they_ask_for_what_a_server_shows() -> None:
    assert {name: unknown(rule) for name, rule in rules().items() if unknown(rule)} == {}
    assert [rule for rule in rules().values() if unknown_groups(rule)] == []


def test_the_guide_says_of_each_what_to_do() -> None:
    assert re.findall(r"^\| `(Cellblock\w+)` \|", GUIDE.read_text(), re.MULTILINE) == list(rules())


@needs_prometheus
def test_prometheus_takes_them() -> None:
    promtool("check", "rules", str(ALERTS))
    promtool("check", "config", str(PROMETHEUS))


@needs_prometheus
def test_each_is_told_when_it_should_be_and_none_when_all_is_well() -> None:
    tests = HERE / "alerts_test.yaml"
    assert set(re.findall(r'alertname="(\w+)"', tests.read_text())) == rules().keys()
    promtool("test", "rules", str(tests))
