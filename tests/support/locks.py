"""Locked requirements, parsed as pip does."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent.parent
DEVELOPMENT = ROOT / "requirements" / "dev.txt"
SERVER = ROOT / "requirements" / "server.txt"
BENCH = ROOT / "requirements" / "bench.txt"
IMAGE_FOLDER = ROOT / "sandbox_image"
IMAGES = tuple(IMAGE_FOLDER / f"requirements-{target}.txt" for target in ("core", "full", "newest"))
IMAGE_BUILD = tuple(IMAGE_FOLDER / f"requirements-{use}.txt" for use in ("build", "data"))
"""Locks of packages that build the image, or whose data it has."""
BENCH_IMAGE = ROOT / "benchmarks" / "image" / "requirements.txt"
MOTO = ROOT / "requirements" / "moto.txt"
LOCKS = (DEVELOPMENT, SERVER, BENCH, MOTO, *IMAGES, *IMAGE_BUILD, BENCH_IMAGE)
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}(?!\S)")


@dataclass(frozen=True)
class Locked:
    """One requirement of a lock file."""

    name: str
    version: str
    hashes: int
    here: bool
    """Whether it is wanted on this machine: a lock may be for several platforms."""


def locked(path: Path) -> dict[str, Locked]:
    """Return a lock file's requirements by name; fail for an invalid line."""
    return {one.name: one for one in map(_read, _logical_lines(path))}


def _logical_lines(path: Path) -> Iterator[str]:
    text = re.sub(r"^\s*#.*\n", "", path.read_text(), flags=re.MULTILINE)
    yield from (line for line in text.replace("\\\n", " ").splitlines() if line.strip())


def _read(line: str) -> Locked:
    requirement = Requirement(line.partition("--hash")[0])
    (exact,) = requirement.specifier
    assert exact.operator == "==", line
    marker = requirement.marker
    return Locked(
        canonicalize_name(requirement.name),
        exact.version,
        len(HASH.findall(line)),
        marker is None or marker.evaluate(),
    )
