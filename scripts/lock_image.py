"""Write the locks of the sandbox image's Python packages, from sandbox_image/*.in.

    python scripts/lock_image.py

They are resolved apart from the development environment, because the libraries that users
want need other versions of what both have. Only what the agent itself runs on
(`AGENT_PACKAGES`) is of the versions that are tested here.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from builder import SOURCES
from image_labels import ROOT
from image_packages import SDISTS, entries

AGENT_PACKAGES = (
    "chardet", "comm", "debugpy", "grpcio", "imagesize", "ipykernel", "ipython",
    "jupyter-client", "jupyter-core", "matplotlib-inline", "protobuf", "psutil", "pyzmq",
    "tornado", "traitlets",
)  # fmt: skip
VERSIONS = SOURCES / "versions.in"


def main() -> None:
    """Write the locks: the whole first, because the core is a part of it."""
    full, newest, core = (
        SOURCES / f"requirements-{name}.txt" for name in ("full", "newest", "core")
    )
    development = entries((ROOT / "requirements" / "dev.txt").read_text())
    with tempfile.TemporaryDirectory() as folder:
        agent = Path(folder) / "agent.in"
        agent.write_text("".join(f"{development[name].split()[0]}\n" for name in AGENT_PACKAGES))
        lock(full, full.with_suffix(".in"), agent, VERSIONS)
        lock(newest, full.with_suffix(".in"), agent)
        lock(core, core.with_suffix(".in"), full)


def lock(target: Path, source: Path, *constraints: Path) -> None:
    """Resolve a list of requirements under constraints, with the hashes of all files."""
    command = [
        str(Path(sys.executable).with_name("uv")), "pip", "compile", str(source),
        "--generate-hashes",
        "--python-version=3.11", "--python-platform=linux", "--only-binary=:all:",
        *(f"--no-binary={name}" for name in SDISTS),
        *(f"--constraint={path}" for path in constraints),
        "--no-annotate", "--no-emit-index-url", "--no-header", "--quiet", f"--output-file={target}",
    ]  # fmt: skip
    subprocess.run(command, check=True, cwd=ROOT)


if __name__ == "__main__":
    main()
