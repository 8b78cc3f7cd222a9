"""The unit file deploy/cellblock.service, parsed like systemd does."""

from collections import defaultdict
from pathlib import Path

UNIT = Path(__file__).parents[2] / "deploy" / "cellblock.service"


def service() -> dict[str, list[str]]:
    """Return the unit's section [Service]: all values of each key, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    section = ""
    for line in UNIT.read_text().splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[key].append(value)
    return found


def environment() -> dict[str, str]:
    """Return the variables that the unit sets."""
    return dict(line.split("=", 1) for line in service()["Environment"])
