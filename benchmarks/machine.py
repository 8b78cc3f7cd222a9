"""What a run was made on: enough to compare, nothing that tells one such machine from another."""

import importlib.metadata
import platform
from datetime import UTC, datetime

import psutil

from benchmarks.service import docker

COMPARED = ("cellblock", "jupyter-client", "ipykernel", "llm-sandbox")
"""Whose versions count."""


def machine() -> dict[str, str]:
    """The machine now, by what tables call it."""
    memory = psutil.virtual_memory().total / 2**30
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "cores": str(psutil.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "kernel": f"Linux {platform.release().split('-')[0]}",
        "engine": f"Docker {docker('version', '--format', '{{.Server.Version}}')}",
        "python": platform.python_version(),
        "load before": f"{psutil.getloadavg()[0]:.1f}",
    }


def versions() -> dict[str, str]:
    """Of what is compared, as far as it is installed here."""
    found = {one.name: one.version for one in importlib.metadata.distributions()}
    return {name: found[name] for name in COMPARED if name in found}
