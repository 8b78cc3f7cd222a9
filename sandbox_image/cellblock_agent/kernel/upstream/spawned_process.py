"""Functions and classes of cells in processes that `multiprocessing` spawns.

A process that is spawned, or forked from multiprocessing's own fork server, imports the main module
of its parent from a file. A kernel has none, so a function of a cell can't be found there: a
process fails, and a pool starts new workers for ever. Here it imports a file with the definitions
of the cells, as it would import a script whose other code is below `if __name__ == "__main__"`.
"""

import ast
import hashlib
import importlib.machinery
import importlib.util
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

MODULE = "multiprocessing.spawn"
FILE_KEY = "init_main_from_path"
"""Key of the main module's file in the data that multiprocessing sends to a new process."""
NAME_KEY = "init_main_from_name"


class DefinitionsFile:
    """File with the definitions of all cells that have run; a new one after each change."""

    def __init__(self, cells: Callable[[], Iterable[str]], names: Mapping[str, object]) -> None:
        """Read the source of `cells`; omit definitions of what is not among `names` any more."""
        self._cells = cells
        self._names = names
        self._folder: Path | None = None

    def write(self) -> Path | None:
        """Return the file's path; None if there are no definitions, or no room for a file."""
        source = "\n".join(self._lines())
        if not source:
            return None
        try:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="cells-", dir="/tmp"))
            digest = hashlib.sha256(source.encode()).hexdigest()
            # Another name for another content: a fork server keeps what it has imported.
            path = self._folder / f"cells_{digest[:16]}.py"
            path.write_text(source)
        except OSError:
            return None
        return path

    def _lines(self) -> Iterator[str]:
        for cell in self._cells():
            try:
                statements = ast.parse(cell).body
            except (SyntaxError, ValueError, RecursionError):
                continue
            for statement in statements:
                names = _defined_names(statement)
                if names is not None and all(name in self._names for name in names):
                    text = ast.unparse(statement).replace("\n", "\n    ")
                    # One that needs values of other statements must not prevent all others.
                    yield f"try:\n    {text}\nexcept Exception:\n    pass"


class _Finder(MetaPathFinder):
    """Finder that adapts `multiprocessing.spawn` when code imports it: few programs do."""

    def __init__(self, definitions: DefinitionsFile) -> None:
        self._definitions = definitions

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            run_module = spec.loader.exec_module

            def run_and_adapt(module: ModuleType) -> None:
                run_module(module)
                self._adapt(module)

            spec.loader.exec_module = run_and_adapt  # type: ignore[method-assign]
        return spec

    def _adapt(self, module: Any) -> None:  # noqa: ANN401 - a module
        get_preparation_data = module.get_preparation_data

        def get_data_with_definitions(name: str) -> dict[str, Any]:
            data: dict[str, Any] = get_preparation_data(name)
            if FILE_KEY not in data and NAME_KEY not in data:
                path = self._definitions.write()
                if path is not None:
                    data[FILE_KEY] = str(path)
            return data

        module.get_preparation_data = get_data_with_definitions


def share_definitions(cells: Callable[[], Iterable[str]], names: Mapping[str, object]) -> None:
    """Let spawned processes of this one import the definitions of `cells` that are in `names`."""
    sys.meta_path.insert(0, _Finder(DefinitionsFile(cells, names)))


def _defined_names(statement: ast.stmt) -> list[str] | None:
    """Return the names that an import, a definition or a literal constant defines.

    None for any other statement; no name for an import of all names.
    """
    match statement:
        case ast.ImportFrom(names=[ast.alias(name="*")]):
            return []
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return [(alias.asname or alias.name).partition(".")[0] for alias in aliases]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if _is_literal(value):
            return [name]
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if _is_literal(
            value
        ):
            return [name]
    return None


def _is_literal(value: ast.expr) -> bool:
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True
