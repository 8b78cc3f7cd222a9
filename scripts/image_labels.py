"""Labels that name an image's origin (OCI's names, and one of our own).

Title, description and licence stand in the Dockerfiles. There is no time of creation: two
builds of the same sources would differ by it. Uses the standard library only.

Source of the names: https://specs.opencontainers.org/image-spec/annotations/
"""

import hashlib
import re
import subprocess
import tomllib
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
OCI = "org.opencontainers.image"
LOCKS_LABEL = "dev.cellblock.image.locks"


def labels(base: str, locks: Iterable[Path]) -> dict[str, str]:
    """Return the labels of an image built now, from this checkout and `base`."""
    values = {
        f"{OCI}.version": version(),
        f"{OCI}.base.name": base,
        f"{OCI}.base.digest": base_digest(base),
        f"{OCI}.revision": revision(ROOT),
        f"{OCI}.source": source(ROOT),
        LOCKS_LABEL: locks_hash(locks),
    }
    return {name: value for name, value in values.items() if value}


def version() -> str:
    """Return the project's version."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def locks_hash(locks: Iterable[Path]) -> str:
    """Return a hash that ties an image to its packages: `sha256sum` of its concatenated locks."""
    digest = hashlib.sha256()
    for lock in locks:
        digest.update(lock.read_bytes())
    return f"sha256:{digest.hexdigest()}"


def base_digest(base: str) -> str:
    """Return the registry's digest of the base; its id if it comes from no registry."""
    if "@" in base:
        return base.partition("@")[2]
    template = "{{if .RepoDigests}}{{index .RepoDigests 0}}{{else}}@{{.Id}}{{end}}"
    return _output_of("docker", "image", "inspect", "--format", template, base).partition("@")[2]


def revision(checkout: Path) -> str:
    """Return the commit, marked if there are uncommitted changes; empty outside of git."""
    commit = _output_of("git", "-C", str(checkout), "rev-parse", "HEAD")
    changes = commit and _output_of("git", "-C", str(checkout), "status", "--porcelain")
    return f"{commit}-dirty" if changes else commit


def source(checkout: Path) -> str:
    """Return the public URL of the sources, if the checkout has one.

    A user name and password in it are removed.
    """
    url = urlsplit(_output_of("git", "-C", str(checkout), "config", "--get", "remote.origin.url"))
    if url.scheme != "https" or not url.hostname:
        return ""
    host = f"{url.hostname}:{url.port}" if url.port else url.hostname
    return f"https://{host}{re.sub(r'[.]git/?$', '', url.path)}"


def _output_of(*command: str) -> str:
    """Return the output of a command; empty if it fails, as without git or such an image."""
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
