"""Building of our images: the base, the builder's settings, and whether a build is needed.

Environment: `BASE_IMAGE` overrides the base. pip's index settings, the usual names of
a CA bundle (`PIP_CERT`, `SSL_CERT_FILE`, `REQUESTS_CA_BUNDLE`) and of proxies are used
for the build and stay out of the image. Uses the standard library only.
"""

import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from image_labels import labels

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "sandbox_image"
CACHE = ROOT / ".cache"
HASH_LABEL = "dev.cellblock.image.hash"
LOCAL_BASE = "cellblock-base:local"
PULL_SECONDS = 180
CA_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
# The first are arguments of the Dockerfiles' build stages, the others of every build:
# neither kind gets into the final image or its history.
PIP_VARIABLES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT")
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


@dataclass(frozen=True)
class Build:
    """Image to build."""

    name: str
    context: Path
    digest: str
    """Hash of the staged files: an image that carries it need not be built again."""
    locks: Sequence[Path]
    """Lock files that determine its packages."""
    takes: str
    """Duration of the first build, for people."""
    target: str = ""
    """Stage of the Dockerfile; empty for the last one."""
    base: str = ""
    """One of our images to build on; empty for the common base."""
    cached: bool = True
    """Whether layers of earlier builds are reused."""


def build(wanted: Build) -> int:
    """Build an image from the staged files, and return the builder's exit code."""
    base = wanted.base or choose_base()
    print(f"→ building {wanted.name} from {base} ({wanted.takes} the first time)", flush=True)
    add_certificates(wanted.context)
    settings = [name for name in (*PIP_VARIABLES, *PROXY_VARIABLES) if os.environ.get(name)]
    marks = {HASH_LABEL: wanted.digest, **labels(base, wanted.locks)}
    command = [
        "docker", "build", "--network=host", f"--tag={wanted.name}",
        *([f"--target={wanted.target}"] if wanted.target else ()),
        *(() if wanted.cached else ("--no-cache",)),
        f"--build-arg=BASE_IMAGE={base}",
        # Names only: values, which may hold passwords, stay out of the process list.
        *(f"--build-arg={setting}" for setting in settings),
        *(f"--label={name}={value}" for name, value in marks.items()),
        str(wanted.context),
    ]  # fmt: skip
    began = time.monotonic()
    # Plain progress even without a terminal; the classic builder ignores it.
    done = subprocess.run(command, check=False, env={**os.environ, "BUILDKIT_PROGRESS": "plain"})
    if done.returncode == 0:
        print(f"→ built {wanted.name} in {time.monotonic() - began:.0f} s", flush=True)
    return done.returncode


def copy(source: Path, target: Path) -> None:
    """Copy a file or directory into a build's context, without files that no image needs."""
    if source.is_dir():
        ignore = shutil.ignore_patterns("__pycache__", "*.pyi", "py.typed")
        shutil.copytree(source, target, ignore=ignore, dirs_exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def context_hash(context: Path) -> str:
    """Return a hash of everything that determines the image."""
    digest = hashlib.sha256(os.environ.get("BASE_IMAGE", "").encode())
    for path in sorted(path for path in context.rglob("*") if path.is_file()):
        digest.update(f"\0{path.relative_to(context)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def add_certificates(context: Path) -> None:
    """Let pip trust the same certificates in the build as here, such as a company proxy's."""
    bundle = next((os.environ[name] for name in CA_VARIABLES if os.environ.get(name)), None)
    (context / "ca.crt").write_bytes(Path(bundle).read_bytes() if bundle else b"")


def choose_base() -> str:
    """Return the pinned base, or one made here if no image registry responds."""
    if chosen := os.environ.get("BASE_IMAGE"):
        return chosen
    found = re.search(r"^ARG BASE_IMAGE=(\S+)", (SOURCES / "Dockerfile").read_text(), re.MULTILINE)
    if found is None:
        raise SystemExit("sandbox_image/Dockerfile has no BASE_IMAGE")
    pinned = found.group(1)
    # Once a base was made here, the registry is not asked again.
    if label(LOCAL_BASE, "dev.cellblock.image") == "base":
        return LOCAL_BASE
    if label(pinned, HASH_LABEL) is not None or pull(pinned):
        return pinned
    print("→ no image registry answers: making a base image here", flush=True)
    subprocess.run([str(ROOT / "scripts" / "local_base.sh")], check=True)
    return LOCAL_BASE


def pull(image: str) -> bool:
    """Pull an image, and return whether that worked."""
    print(f"→ pulling {image}", flush=True)
    try:
        done = subprocess.run(
            ["docker", "pull", "--quiet", image], check=False, timeout=PULL_SECONDS
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def label(image: str, name: str) -> str | None:
    """Return a label of an image: empty if it has none, None if there is no such image."""
    template = f'{{{{index .Config.Labels "{name}"}}}}'
    done = subprocess.run(
        ["docker", "image", "inspect", "--format", template, image],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode == 0:
        return done.stdout.strip()
    # An image without labels has no map to index.
    exists = subprocess.run(["docker", "image", "inspect", image], check=False, capture_output=True)
    return "" if exists.returncode == 0 else None
