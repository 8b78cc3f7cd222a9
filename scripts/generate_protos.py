"""Generate the Python code of `proto/` into a folder (default: `proto/python`).

`make proto` runs it; a test runs it into a temporary folder and compares.
"""

import importlib.resources
import shutil
import sys
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"


def generate(output: Path) -> None:
    """Write the modules and their type stubs below `output`, replacing what is there.

    Raises RuntimeError if the compiler refuses a file.
    """
    package = output / "cellblock"
    shutil.rmtree(package, ignore_errors=True)
    package.mkdir(parents=True)
    sources = sorted(str(path) for path in (PROTO / "cellblock").rglob("*.proto"))
    includes = importlib.resources.files("grpc_tools") / "_proto"
    arguments = [
        "protoc",
        f"--proto_path={PROTO}",
        f"--proto_path={includes}",
        f"--python_out={output}",
        f"--grpc_python_out={output}",
        f"--mypy_out={output}",
        f"--mypy_grpc_out={output}",
        *sources,
    ]
    if protoc.main(arguments) != 0:
        raise RuntimeError(f"protoc failed on {PROTO}")
    # Real packages, not namespace packages: a foreign `cellblock` can't join in.
    for folder in [package, *(path for path in package.rglob("*") if path.is_dir())]:
        (folder / "__init__.py").write_text('"""Generated from `proto/` by `make proto`."""\n')
        (folder / "py.typed").touch()


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else PROTO / "python")
