"""Write docs/reference/sandbox-image.md from what images are built from, and a template.

python scripts/generate_image_docs.py
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "sandbox_image"
TARGET = ROOT / "docs" / "reference" / "sandbox-image.md"
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
HEAD = Path(__file__).with_name("sandbox_image_page.txt").read_text()


def reference() -> str:
    """Return the whole document."""
    core, full, newest = (
        dict(PINNED.findall((SOURCES / f"requirements-{name}.txt").read_text()))
        for name in ("core", "full", "newest")
    )
    parts = [
        HEAD.replace("@VERSION@", VERSION),
        "\n## Python packages\n\n| package | version | newest | core |\n",
    ]
    parts.append("| --- | --- | --- | --- |\n")
    for name in sorted({*full, *newest}, key=str.lower):
        versions = f"{full.get(name, '')} | {newest.get(name, '')}"
        parts.append(f"| {name} | {versions} | {'yes' if name in core else ''} |\n")
    parts.append("\n## Debian packages\n\nNot in the core image.\n\n| package |\n| --- |\n")
    parts += [
        f"| {line} |\n"
        for line in (SOURCES / "debian.in").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    parts.append("| Noto Emoji 3.006, from sandbox_image/fonts |\n")
    return "".join(parts)


if __name__ == "__main__":
    TARGET.write_text(reference())
