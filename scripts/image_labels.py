"""Labels that tell where an image comes from (OCI's names, and one of ours).

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
    """The labels of an image that is built now, of this checkout, from `base`."""
    told = {
        f"{OCI}.version": version(),
        f"{OCI}.base.name": base,
        f"{OCI}.base.digest": base_digest(base),
        f"{OCI}.revision": revision(ROOT),
        f"{OCI}.source": source(ROOT),
        LOCKS_LABEL: locks_hash(locks),
    }
    return {name: value for name, value in told.items() if value}


def version() -> str:
    """The project's version."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def locks_hash(locks: Iterable[Path]) -> str:
    """What ties an image to the packages it was made of: `sha256sum` of its locks, put together."""
    digest = hashlib.sha256()
    for lock in locks:
        digest.update(lock.read_bytes())
    return f"sha256:{digest.hexdigest()}"


def base_digest(base: str) -> str:
    """The digest that the registry knows the base by; its id if it comes from none."""
    if "@" in base:
        return base.partition("@")[2]
    template = "{{if .RepoDigests}}{{index .RepoDigests 0}}{{else}}@{{.Id}}{{end}}"
    return _said("docker", "image", "inspect", "--format", template, base).partition("@")[2]


def revision(checkout: Path) -> str:
    """The commit, marked if there are changes that are not committed; empty outside of git."""
    commit = _said("git", "-C", str(checkout), "rev-parse", "HEAD")
    changes = commit and _said("git", "-C", str(checkout), "status", "--porcelain")
    return f"{commit}-dirty" if changes else commit


def source(checkout: Path) -> str:
    """Where others find the sources, if the checkout comes from a public kind of address.

    A name and password in it stay out.
    """
    url = urlsplit(_said("git", "-C", str(checkout), "config", "--get", "remote.origin.url"))
    if url.scheme != "https" or not url.hostname:
        return ""
    host = f"{url.hostname}:{url.port}" if url.port else url.hostname
    return f"https://{host}{re.sub(r'[.]git/?$', '', url.path)}"


def _said(*command: str) -> str:
    """What a command prints; nothing if it fails, as where there is no git or no such image."""
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
