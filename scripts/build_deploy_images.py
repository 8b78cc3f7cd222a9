"""Build the images of deploy/, unless they are there and nothing that goes into them has changed.

    python scripts/build_deploy_images.py [--print-hash] [server] [engine-proxy]

Both are the default; builder.py says what the environment can set.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from builder import CACHE, HASH_LABEL, ROOT, Build, build, context_hash, copy, label
from image_labels import version

DEPLOY = ROOT / "deploy"
PROXY = DEPLOY / "engine-proxy"
SANDBOX = ROOT / "server" / "cellblock_server" / "backends" / "docker"
SERVER_LOCK = ROOT / "requirements" / "server.txt"


def stage_server(context: Path) -> None:
    """Stage the server's packages and its wheel, made with this virtualenv's locked build tools."""
    copy(DEPLOY / "Dockerfile", context / "Dockerfile")
    copy(SERVER_LOCK, context / "requirements.txt")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target=wheel",
         f"--directory={context / 'wheel'}"],
        check=False, cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(f"the wheel can't be built: {done.stdout}{done.stderr}")


def stage_proxy(context: Path) -> None:
    """Stage the proxy's configuration, and the seccomp profiles that the server may ask for."""
    for name in ("Dockerfile", "nginx.conf", "policy.js"):
        copy(PROXY / name, context / name)
    (context / "seccomp").mkdir()
    for profile in SANDBOX.glob("seccomp*.json"):
        copy(profile, context / "seccomp" / profile.name)


IMAGES: dict[str, tuple[Callable[[Path], None], list[Path], str]] = {
    "server": (stage_server, [SERVER_LOCK], "half a minute"),
    "engine-proxy": (stage_proxy, [], "ten seconds"),
}
"""Images: how each is staged, its locks, and the duration of its build."""


def main() -> int:
    """Build the requested images if needed, and return the exit code."""
    parser = argparse.ArgumentParser(prog="build_deploy_images.py")
    parser.add_argument("images", nargs="*", metavar="IMAGE", help=f"of {', '.join(IMAGES)}")
    parser.add_argument("--print-hash", action="store_true", help="only say what would be built")
    parsed = parser.parse_args()
    images: list[str] = parsed.images or list(IMAGES)
    for image in images:
        if image not in IMAGES:
            parser.error(f"{image} is none of {', '.join(IMAGES)}")
    CACHE.mkdir(exist_ok=True)
    for image in images:
        code = make(image, only_print_hash=parsed.print_hash)
        if code != 0:
            return code
    return 0


def make(image: str, *, only_print_hash: bool) -> int:
    """Build an image if needed, and return the builder's exit code."""
    stage, locks, takes = IMAGES[image]
    name = f"cellblock-{image}:{version()}"
    with tempfile.TemporaryDirectory(prefix="image-", dir=CACHE) as folder:
        context = Path(folder)
        stage(context)
        digest = context_hash(context)
        if only_print_hash:
            print(digest)
            return 0
        if label(name, HASH_LABEL) == digest:
            return 0
        return build(Build(name, context, digest, locks, takes))


if __name__ == "__main__":
    sys.exit(main())
