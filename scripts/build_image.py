"""Build the sandbox images, unless they are there and nothing that goes into them has changed.

    python scripts/build_image.py [--print-hash] [full] [core]

The target `full` is the default.

Environment: `BASE_IMAGE` overrides the base. pip's index settings, the usual names of
a CA bundle (`PIP_CERT`, `SSL_CERT_FILE`, `REQUESTS_CA_BUNDLE`) and of proxies are used
for the build and stay out of the image. Uses the standard library only.
"""

import argparse
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
TARGETS = {"core": "about a minute", "full": "about three minutes"}
"""What can be built, and how long that takes."""
CORE_SOURCES = ("Dockerfile", "requirements-core.txt")
FULL_SOURCES = ("requirements-full.txt", "debian.txt", "unpack_debian.sh", "fonts")
HASH_LABEL = "dev.cellblock.image.hash"
LOCAL_BASE = "cellblock-base:local"
PULL_SECONDS = 180
CA_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
# The first are arguments of the Dockerfile's build stage, the others of every build:
# neither kind gets into the final image or its history.
PIP_VARIABLES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT")
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


def main() -> int:
    """Build what is needed; the exit code."""
    parser = argparse.ArgumentParser(prog="build_image.py")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--print-hash", action="store_true", help="only say what would be built")
    parsed = parser.parse_args()
    targets: list[str] = parsed.targets or ["full"]
    for target in targets:
        if target not in TARGETS:
            parser.error(f"{target} is none of {', '.join(TARGETS)}")
    CACHE.mkdir(exist_ok=True)
    for target in targets:
        code = make(target, only_print_hash=parsed.print_hash)
        if code != 0:
            return code
    return 0


def make(target: str, *, only_print_hash: bool) -> int:
    """Build a target if needed; the builder's exit code."""
    with tempfile.TemporaryDirectory(prefix="image-", dir=CACHE) as folder:
        context = Path(folder)
        stage(context, target)
        digest = context_hash(context)
        if only_print_hash:
            print(digest)
            return 0
        if label(image_name(target), HASH_LABEL) == digest:
            return 0
        # The builder runs the Dockerfile up to the target: what other targets need of the
        # context has to be there, and does not count.
        stage(context, "full")
        return build(context, target, digest)


def build(context: Path, target: str, digest: str) -> int:
    """Build an image from what was staged; the builder's exit code."""
    name, base = image_name(target), choose_base()
    print(f"→ building {name} from {base} ({TARGETS[target]} the first time)", flush=True)
    add_certificates(context)
    settings = [name for name in (*PIP_VARIABLES, *PROXY_VARIABLES) if os.environ.get(name)]
    command = [
        "docker", "build", "--network=host", f"--tag={name}", f"--target={target}",
        f"--build-arg=BASE_IMAGE={base}",
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


def image_name(target: str) -> str:
    """What a target's image is called: the server uses the full one by default."""
    return f"cellblock-sandbox:{version()}" + ("" if target == "full" else f"-{target}")


def version() -> str:
    """The project's version."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def stage(context: Path, target: str) -> None:
    """Put together what the build of a target may see: nothing but what goes into the image."""
    agent = context / "agent"
    ignore = shutil.ignore_patterns("__pycache__", "*.pyi", "py.typed")
    copies = {
        SOURCES / "cellblock_agent": agent / "cellblock_agent",
        STUBS / "agent": agent / "cellblock" / "agent",
        STUBS / "__init__.py": agent / "cellblock" / "__init__.py",
        **{
            SOURCES / name: context / name
            for name in (*CORE_SOURCES, *(FULL_SOURCES if target == "full" else ()))
        },
    }
    for source, copy in copies.items():
        if source.is_dir():
            shutil.copytree(source, copy, ignore=ignore, dirs_exist_ok=True)
        else:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)


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
