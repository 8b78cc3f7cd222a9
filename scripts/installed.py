"""Prints an image's Python and Debian packages as JSON; runs inside the image.

`sbom.py` hands it to the image's own Python. Uses the standard library only.
"""

import json
import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

DPKG = Path("/var/lib/dpkg")
LICENCE_PREFIX = "License :: "
CARRIED = {
    "cellblock-agent": "/opt/cellblock/agent",
    "noto-emoji": "/usr/share/fonts/truetype/noto-emoji/NotoEmoji-Regular.ttf",
    "llama-index-core": "/usr/share/nltk_data/tokenizers",
    "textblob-aptagger": "/usr/share/nltk_data/taggers",
}
"""Components that we add to images outside of packages, or parts of packages, with their paths."""


def python_packages() -> Iterator[dict[str, object]]:
    """Yield all distributions of all Pythons: the virtualenv's, and the base's."""
    folders = {
        os.path.realpath(folder)
        for top in ("/opt", "/usr")
        for folder, _, _ in os.walk(top)
        if folder.endswith(("/site-packages", "/dist-packages"))
    }
    for found in distributions(path=sorted(folders)):
        metadata = found.metadata
        if metadata["Name"]:
            yield {
                "name": metadata["Name"],
                "version": found.version,
                "licences": licences_of(found),
                "summary": metadata["Summary"] or "",
            }


def licences_of(found: Distribution) -> list[str]:
    """Return the licence expression, else the classifiers' licences, else the short text."""
    metadata = found.metadata
    if expression := metadata["License-Expression"]:
        return [expression]
    classifiers = [
        line.removeprefix(LICENCE_PREFIX).removeprefix("OSI Approved :: ")
        for line in metadata.get_all("Classifier") or []
        if line.startswith(LICENCE_PREFIX) and line != LICENCE_PREFIX + "OSI Approved"
    ]
    text = (metadata["License"] or "").strip()
    return classifiers or ([text] if text and "\n" not in text else [])


def debian_packages() -> Iterator[dict[str, object]]:
    """Yield the packages that dpkg installed."""
    status = DPKG / "status"
    stanzas = status.read_text(errors="replace").split("\n\n") if status.is_file() else []
    for stanza in stanzas:
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line[:60])
        if "Package" in fields and fields.get("Status", "").endswith(" installed"):
            yield {
                "name": fields["Package"],
                "version": fields["Version"],
                "architecture": fields["Architecture"],
                "summary": fields.get("Description", ""),
                "licences": debian_licences(fields["Package"]),
            }


def debian_licences(package: str) -> list[str]:
    """Return short names from a copyright file in Debian's machine-readable format."""
    file = Path("/usr/share/doc") / package / "copyright"
    if not file.is_file():
        return []
    text = file.read_text(errors="replace")
    if "copyright-format" not in text[:500]:
        return []
    named = (line[9:].strip() for line in text.splitlines() if line.startswith("License: "))
    return sorted({name for name in named if name})


def main() -> None:
    """Print the packages."""
    release = dict(
        line.replace('"', "").split("=", 1)
        for line in Path("/etc/os-release").read_text().splitlines()
        if "=" in line
    )
    found = {
        "interpreter": platform.python_version(),
        "carried": [name for name, path in CARRIED.items() if Path(path).exists()],
        "distribution": f"{release['ID']}-{release.get('VERSION_ID', '')}",
        "python": list(python_packages()),
        "debian": list(debian_packages()),
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
