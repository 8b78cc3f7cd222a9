"""Build the sandbox image, unless it is there and nothing that goes into it has changed.

    python scripts/build_image.py [--print-hash]

Environment: `BASE_IMAGE` overrides the base. pip's index settings, the usual names of
a CA bundle (`PIP_CERT`, `SSL_CERT_FILE`, `REQUESTS_CA_BUNDLE`) and of proxies are used
for the build and stay out of the image. Uses the standard library only.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "sandbox_image"
STUBS = ROOT / "proto" / "python" / "cellblock"
CACHE = ROOT / ".cache"
HASH_LABEL = "dev.cellblock.image.hash"
LOCAL_BASE = "cellblock-base:local"
PULL_SECONDS = 180
CA_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
# The first are arguments of the Dockerfile's build stage, the others of every build:
# neither kind gets into the final image or its history.
PIP_VARIABLES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT")
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


def main() -> int:
    """Build if needed; the exit code."""
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="image-", dir=CACHE) as folder:
        context = Path(folder)
        stage(context)
        digest = context_hash(context)
        if sys.argv[1:] == ["--print-hash"]:
            print(digest)
            return 0
        if label(image_name(), HASH_LABEL) == digest:
            return 0
        return build(context, digest)


def build(context: Path, digest: str) -> int:
    """Build the image from what was staged; the builder's exit code."""
    name, base = image_name(), choose_base()
    print(f"→ building {name} from {base} (one or two minutes the first time)", flush=True)
    add_certificates(context)
    settings = [name for name in (*PIP_VARIABLES, *PROXY_VARIABLES) if os.environ.get(name)]
    command = [
        "docker", "build", "--network=host", f"--tag={name}", f"--build-arg=BASE_IMAGE={base}",
        # By name only: values, which may hold passwords, stay out of the process list.
        *(f"--build-arg={setting}" for setting in settings),
        f"--label={HASH_LABEL}={digest}",
        f"--label=org.opencontainers.image.version={version()}",
        f"--label=org.opencontainers.image.base.name={base}",
        str(context),
    ]  # fmt: skip
    began = time.monotonic()
    # Plain progress also without a terminal; the classic builder ignores it.
    done = subprocess.run(command, check=False, env={**os.environ, "BUILDKIT_PROGRESS": "plain"})
    if done.returncode == 0:
        print(f"→ built {name} in {time.monotonic() - began:.0f} s", flush=True)
    return done.returncode


def image_name() -> str:
    """The image that this version of the server uses by default."""
    return f"cellblock-sandbox:{version()}"


def version() -> str:
    """The project's version."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def stage(context: Path) -> None:
    """Put together what the build may see: nothing but what goes into the image."""
    agent = context / "agent"
    ignore = shutil.ignore_patterns("__pycache__", "*.pyi", "py.typed")
    shutil.copytree(SOURCES / "cellblock_agent", agent / "cellblock_agent", ignore=ignore)
    shutil.copytree(STUBS / "agent", agent / "cellblock" / "agent", ignore=ignore)
    shutil.copy(STUBS / "__init__.py", agent / "cellblock")
    for name in ("Dockerfile", "requirements.txt"):
        shutil.copy(SOURCES / name, context)


def context_hash(context: Path) -> str:
    """A hash of everything that makes the image what it is."""
    digest = hashlib.sha256(os.environ.get("BASE_IMAGE", "").encode())
    for path in sorted(path for path in context.rglob("*") if path.is_file()):
        digest.update(f"\0{path.relative_to(context)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def add_certificates(context: Path) -> None:
    """Let pip trust in the build what it trusts here, as behind a company's proxy."""
    bundle = next((os.environ[name] for name in CA_VARIABLES if os.environ.get(name)), None)
    (context / "ca.crt").write_bytes(Path(bundle).read_bytes() if bundle else b"")


def choose_base() -> str:
    """The pinned base, or one made here where no image registry answers."""
    if chosen := os.environ.get("BASE_IMAGE"):
        return chosen
    found = re.search(r"^ARG BASE_IMAGE=(\S+)", (SOURCES / "Dockerfile").read_text(), re.MULTILINE)
    if found is None:
        raise SystemExit("sandbox_image/Dockerfile has no BASE_IMAGE")
    pinned = found.group(1)
    # Once one was made here, the registry is not asked again each time.
    if label(LOCAL_BASE, "dev.cellblock.image") == "base":
        return LOCAL_BASE
    if label(pinned, HASH_LABEL) is not None or pull(pinned):
        return pinned
    print("→ no image registry answers: making a base image here", flush=True)
    subprocess.run([str(ROOT / "scripts" / "local_base.sh")], check=True)
    return LOCAL_BASE


def pull(image: str) -> bool:
    """Pull an image; whether that worked."""
    print(f"→ pulling {image}", flush=True)
    try:
        done = subprocess.run(
            ["docker", "pull", "--quiet", image], check=False, timeout=PULL_SECONDS
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def label(image: str, name: str) -> str | None:
    """A label of an image: empty if it has none, None if there is no such image."""
    template = f'{{{{index .Config.Labels "{name}"}}}}'
    done = subprocess.run(
        ["docker", "image", "inspect", "--format", template, image],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode == 0:
        return done.stdout.strip()
    # An image without any labels has no map to index.
    exists = subprocess.run(["docker", "image", "inspect", image], check=False, capture_output=True)
    return "" if exists.returncode == 0 else None


if __name__ == "__main__":
    sys.exit(main())
