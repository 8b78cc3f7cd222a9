"""Build the image that `make bench` runs baselines in, unless it is there and nothing has changed.

    python scripts/build_bench_image.py

It is the sandbox image with what the baselines need; builder.py says what the environment can
set. Uses the standard library only.
"""

import sys
import tempfile
from pathlib import Path

import build_image
from builder import CACHE, HASH_LABEL, ROOT, Build, build, context_hash, copy, label
from image_labels import version

SOURCES = ROOT / "benchmarks" / "image"
LOCK = SOURCES / "requirements.txt"
NAME = f"cellblock-bench:{version()}"


def main() -> int:
    """Build it if needed; the exit code."""
    CACHE.mkdir(exist_ok=True)
    sandbox = build_image.image_name("full")
    with tempfile.TemporaryDirectory(prefix="image-", dir=CACHE) as folder:
        context = Path(folder)
        for source in (SOURCES / "Dockerfile", LOCK):
            copy(source, context / source.name)
        # A sandbox image with other contents makes another one of this, under the same name.
        (context / "sandbox").write_text(f"{sandbox} {label(sandbox, HASH_LABEL)}")
        digest = context_hash(context)
        if label(NAME, HASH_LABEL) == digest:
            return 0
        return build(Build(NAME, context, digest, [LOCK], "half a minute", base=sandbox))


if __name__ == "__main__":
    sys.exit(main())
