"""Build the sandbox images, unless they are there and nothing that goes into them has changed.

    python scripts/build_image.py [--name NAME] [--no-cache] [--print-hash] [full] [core] [newest]

The target `full` is the default; `newest` is the same with the newest versions of all packages.
builder.py says what the environment can set. Uses the
standard library only.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from builder import CACHE, HASH_LABEL, ROOT, SOURCES, Build, build, context_hash, copy, label
from image_labels import version
from image_packages import entries, layers

STUBS = ROOT / "proto" / "python" / "cellblock"
TARGETS = {
    "core": "about a minute",
    "full": "about six minutes",
    "newest": "about six minutes",
}
"""Images that can be built, and the duration of each build."""
LOCKS = {
    "core": ("requirements-core.txt",),
    "full": ("requirements-full.txt", "debian.in"),
    "newest": ("requirements-newest.txt", "debian.in"),
}
"""Files that determine an image's packages."""
CORE_SOURCES = ("Dockerfile",)
FULL_SOURCES = (
    "debian.in", "requirements-build.txt", "requirements-data.txt", "install_debian.sh",
    "install_python.sh", "fonts", "data",
)  # fmt: skip


def main() -> int:
    """Build the requested targets if needed, and return the exit code."""
    parser = argparse.ArgumentParser(prog="build_image.py")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--name", metavar="NAME", help="of the image, instead of the release's")
    parser.add_argument(
        "--no-cache", action="store_true", help="build all layers again, with Debian's updates"
    )
    parser.add_argument("--print-hash", action="store_true", help="only say what would be built")
    parsed = parser.parse_args()
    targets: list[str] = parsed.targets or ["full"]
    for target in targets:
        if target not in TARGETS:
            parser.error(f"{target} is none of {', '.join(TARGETS)}")
    if parsed.name and len(targets) > 1:
        parser.error("--name is for one target")
    CACHE.mkdir(exist_ok=True)
    for target in targets:
        name = parsed.name or image_name(target)
        code = make(target, name, only_print_hash=parsed.print_hash, cached=not parsed.no_cache)
        if code != 0:
            return code
    return 0


def make(target: str, name: str, *, only_print_hash: bool, cached: bool = True) -> int:
    """Build a target if needed, and return the builder's exit code."""
    with tempfile.TemporaryDirectory(prefix="image-", dir=CACHE) as folder:
        context = Path(folder)
        stage(context, target)
        digest = context_hash(context)
        if only_print_hash:
            print(digest)
            return 0
        if cached and label(name, HASH_LABEL) == digest:
            return 0
        files = [SOURCES / file for file in LOCKS[target]]
        stage_name = "core" if target == "core" else "full"
        return build(
            Build(name, context, digest, files, TARGETS[target], stage_name, cached=cached)
        )


def image_name(target: str) -> str:
    """Return the name of a target's image: the server uses the full one by default."""
    return f"cellblock-sandbox:{version()}" + ("" if target == "full" else f"-{target}")


def stage(context: Path, target: str) -> None:
    """Stage the build context of a target: only files that the image needs."""
    agent = context / "agent"
    sources = (*CORE_SOURCES, *(FULL_SOURCES if target != "core" else ()))
    copies = {
        SOURCES / "cellblock_agent": agent / "cellblock_agent",
        STUBS / "agent": agent / "cellblock" / "agent",
        STUBS / "__init__.py": agent / "cellblock" / "__init__.py",
        **{SOURCES / name: context / name for name in sources},
    }
    for source, target_path in copies.items():
        copy(source, target_path)
    for name, text in locks(target).items():
        (context / name).write_text(text)


def locks(target: str) -> dict[str, str]:
    """Return the locks of a target's layers of Python packages, and pip's constraints in it."""
    core = (SOURCES / "requirements-core.txt").read_text()
    if target == "core":
        return {"requirements-core.txt": core}
    full = (SOURCES / f"requirements-{target}.txt").read_text()
    packages = entries(full)
    return {
        f"requirements-{target}.txt": full,
        "requirements-core.txt": "".join(packages[name] for name in entries(core)),
        **layers(core, full),
        "constraints.txt": "".join(f"{text.split()[0]}\n" for text in packages.values()),
    }


if __name__ == "__main__":
    sys.exit(main())
