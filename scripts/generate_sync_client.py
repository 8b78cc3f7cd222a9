"""Generate the synchronous client from the asynchronous one (default: into `_sync`).

`make client` runs it; a test runs it into a temporary folder and compares. Where the two
clients differ for real, `_backend_async.py` and `_backend_sync.py` say how.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import unasync

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "client" / "cellblock_client"
SOURCE = PACKAGE / "_async"
TARGET = PACKAGE / "_sync"
NAMES = {
    "_async": "_sync",
    "_backend_async": "_backend_sync",
    "aclosing": "closing",
}
"""Names that unasync does not know. It drops `async` and `await` by itself."""
PREFIX = re.compile(r"\bAsync(?=[A-Z])")
"""Names of classes lose it, in docstrings, too."""
TYPES = (
    (re.compile(r"\bGenerator\[(\w+), None\]"), r"Generator[\1, None, None]"),
    (re.compile(r"\bAwaitable\[(\w+)\]"), r"\1"),
)
"""Types that have other parameters without `async`."""
FIXED = "C416,F401,I001,PYI016,SIM117,UP028"
"""Rules of ruff that code without `async` breaks, such as one `with` in another; it fixes them."""
NOTE = "# Generated from `{source}` by `make client`: change that.\n"


def generate(output: Path) -> None:
    """Write the modules into `output`, replacing what is there."""
    shutil.rmtree(output, ignore_errors=True)
    sources = sorted(SOURCE.glob("*.py"))
    names = {name: PREFIX.sub("", name) for path in sources for name in _class_names(path)}
    rule = unasync.Rule(str(SOURCE), str(output), names | NAMES)
    unasync.unasync_files([str(path) for path in sources], [rule])
    for path in sources:
        target = output / path.name
        target.write_text(_finish(path, target.read_text()))


def _class_names(path: Path) -> set[str]:
    return set(re.findall(r"\bAsync[A-Z]\w*", path.read_text()))


def _finish(source: Path, code: str) -> str:
    """Return what unasync has made of `source` as one would write it by hand."""
    code = PREFIX.sub("", code)
    for pattern, replacement in TYPES:
        code = pattern.sub(replacement, code)
    # By the rules of the place where it belongs, wherever it is written.
    place = f"--stdin-filename={(TARGET / source.name).relative_to(ROOT)}"
    code = _ruff(code, "check", "--quiet", "--fix", "--unsafe-fixes", f"--select={FIXED}", place)
    note = NOTE.format(source=source.relative_to(ROOT))
    return _ruff(f"{note}{code}", "format", place)


def _ruff(code: str, *arguments: str) -> str:
    ruff = Path(sys.executable).parent / "ruff"
    done = subprocess.run(
        [ruff, *arguments, "-"], input=code, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT
    )
    return done.stdout


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
