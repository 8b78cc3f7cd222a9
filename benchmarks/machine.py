"""Description of the machine of a run, for comparison, without identifying details."""

import importlib.metadata
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks.service import docker

COMPARED = ("cellblock", "jupyter-client", "ipykernel", "jupyter-kernel-gateway", "llm-sandbox")
"""Packages whose versions are recorded."""
GATEWAY_LOCK = Path(__file__).parent / "image" / "requirements.txt"


def machine() -> dict[str, str]:
    """Describe the machine, by the names in tables."""
    memory = psutil.virtual_memory().total / 2**30
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "cores": str(psutil.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "kernel": f"Linux {platform.release().split('-')[0]}",
        "engine": f"Docker {docker('version', '--format', '{{.Server.Version}}').split('+')[0]}",
        "python": platform.python_version(),
        "load before": f"{psutil.getloadavg()[0]:.1f}",
    }


def versions() -> dict[str, str]:
    """Return versions of the compared packages, as far as they are installed here or locked."""
    found = {
        one.name.lower().replace("_", "-"): one.version
        for one in importlib.metadata.distributions()
    }
    # Installed in the image only.
    found |= re.findall(r"^(jupyter-kernel-gateway)==(\S+)", GATEWAY_LOCK.read_text(), re.MULTILINE)
    return {name: found[name] for name in COMPARED if name in found}
