"""A real Prometheus that scrapes a server."""

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.waiting import until

ANSWER_SECONDS = 60
CONFIGURATION = """
global: {{ scrape_interval: 1s }}
scrape_configs:
  - {{ job_name: cellblock, static_configs: [{{ targets: ["{target}"] }}] }}
"""


class Prometheus:
    """Answers queries about scraped metrics."""

    def __init__(self, address: str) -> None:
        self._address = address

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Return the series that a query has now."""
        at = f"http://{self._address}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        with urllib.request.urlopen(at, timeout=ANSWER_SECONDS) as answer:
            found: list[dict[str, Any]] = json.loads(answer.read())["data"]["result"]
        return found


@contextmanager
def reading(target: str, folder: Path) -> Iterator[Prometheus]:
    """Run a Prometheus that scrapes `target` each second, and keeps its data in `folder`."""
    configuration = folder / "prometheus.yaml"
    configuration.write_text(CONFIGURATION.format(target=target))
    log = folder / "prometheus.log"
    with log.open("w") as written:
        process = subprocess.Popen(
            ["prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={folder}/data",
             "--web.listen-address=127.0.0.1:0", "--log.format=json"],
            stdout=subprocess.DEVNULL, stderr=written,
        )  # fmt: skip
    try:
        until(lambda: bool(_address(log)), ANSWER_SECONDS)
        yield Prometheus(_address(log))
    finally:
        process.terminate()
        process.wait(ANSWER_SECONDS)


def _address(log: Path) -> str:
    """Return the address that its log reports; empty until it listens."""
    lines = log.read_text().rpartition("\n")[0].splitlines()
    said = [json.loads(line) for line in lines if line[:1] == "{"]
    found = [line["address"] for line in said if line.get("msg") == "Listening on"]
    return str(found[0]) if found else ""
