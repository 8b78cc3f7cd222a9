"""Build the sandbox images, unless they are there and nothing that goes into them has changed.

    python scripts/build_image.py [--print-hash] [full] [core]

The target `full` is the default; builder.py says what the environment can set. Uses the
standard library only.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from builder import CACHE, HASH_LABEL, ROOT, SOURCES, Build, build, context_hash, copy, label
from image_labels import version

STUBS = ROOT / "proto" / "python" / "cellblock"
TARGETS = {"core": "about a minute", "full": "about three minutes"}
"""Targets that can be built, and the duration of each build."""
LOCKS = {
    "core": ("requirements-core.txt",),
    "full": ("requirements-core.txt", "requirements-full.txt", "debian.txt"),
}
"""Lock files that determine an image's packages."""
CORE_SOURCES = ("Dockerfile", *LOCKS["core"])
FULL_SOURCES = ("requirements-full.txt", "debian.txt", "unpack_debian.sh", "fonts")


def main() -> int:
    """Build the requested targets if needed, and return the exit code."""
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
    """Build a target if needed, and return the builder's exit code."""
    with tempfile.TemporaryDirectory(prefix="image-", dir=CACHE) as folder:
        context = Path(folder)
        stage(context, target)
        digest = context_hash(context)
        if only_print_hash:
            print(digest)
            return 0
        if label(image_name(target), HASH_LABEL) == digest:
            return 0
        # The builder runs the Dockerfile up to the target: the context must have the files of other
        # targets, but they do not affect the result.
        stage(context, "full")
        locks = [SOURCES / name for name in LOCKS[target]]
        return build(Build(image_name(target), context, digest, locks, TARGETS[target], target))


def image_name(target: str) -> str:
    """Return the name of a target's image: the server uses the full one by default."""
    return f"cellblock-sandbox:{version()}" + ("" if target == "full" else f"-{target}")


def stage(context: Path, target: str) -> None:
    """Stage the build context of a target: only files that the image needs."""
    agent = context / "agent"
    copies = {
        SOURCES / "cellblock_agent": agent / "cellblock_agent",
        STUBS / "agent": agent / "cellblock" / "agent",
        STUBS / "__init__.py": agent / "cellblock" / "__init__.py",
        **{
            SOURCES / name: context / name
            for name in (*CORE_SOURCES, *(FULL_SOURCES if target == "full" else ()))
        },
    }
    for source, target_path in copies.items():
        copy(source, target_path)


if __name__ == "__main__":
    sys.exit(main())
