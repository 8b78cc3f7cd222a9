"""Metrics of a server, scraped like Prometheus does."""

import json
import urllib.request
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from tests.support.server import ServerProcess

ANSWER_SECONDS = 20
METRICS = {"CELLBLOCK_TELEMETRY__METRICS_LISTEN": "127.0.0.1:0"}
"""Environment of a server that exports metrics, at a free port."""


@dataclass(frozen=True)
class Scraped:
    """The metrics of one scrape."""

    text: str

    def value(self, sample: str, **labels: str) -> float:
        """Return the sum of a sample's values over all labels but these; 0 if there is none."""
        return sum(
            found.value
            for family in text_string_to_metric_families(self.text)
            for found in family.samples
            if found.name == sample and labels.items() <= found.labels.items()
        )

    def series(self) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
        """Return all names with all labels."""
        return {
            (found.name, tuple(sorted(found.labels.items())))
            for family in text_string_to_metric_families(self.text)
            for found in family.samples
        }


def scrape(server: ServerProcess) -> Scraped:
    """Read a server's metrics."""
    with urllib.request.urlopen(
        f"http://{address(server)}/metrics", timeout=ANSWER_SECONDS
    ) as page:
        return Scraped(page.read().decode())


def address(server: ServerProcess) -> str:
    """Return the address at which the server exports metrics, from its log."""
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line[:1] == "{"]
    return str(next(line["address"] for line in lines if line["event"] == "metrics_listening"))
