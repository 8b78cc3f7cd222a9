"""Alert rules: valid for Prometheus, based on existing metrics, and each documented."""

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


def test_alert_rules_use_only_existing_metrics() -> None:
    assert {name: unknown(rule) for name, rule in rules().items() if unknown(rule)} == {}
    assert [rule for rule in rules().values() if unknown_groups(rule)] == []


def test_troubleshooting_guide_lists_every_alert() -> None:
    assert re.findall(r"^\| `(Cellblock\w+)` \|", GUIDE.read_text(), re.MULTILINE) == list(rules())


@needs_prometheus
def test_prometheus_accepts_the_rules() -> None:
    promtool("check", "rules", str(ALERTS))
    promtool("check", "config", str(PROMETHEUS))


@needs_prometheus
def test_each_alert_fires_on_its_condition_only() -> None:
    tests = HERE / "alerts_test.yaml"
    assert set(re.findall(r'alertname="(\w+)"', tests.read_text())) == rules().keys()
    promtool("test", "rules", str(tests))
