"""Tests pass short times and small limits as parameters and patch no numbers in our modules.

A patched constant is a parameter that no signature declares, and a patch is lost where the value
was copied, or where the code runs in another process.
"""

import ast
import importlib
from collections.abc import Iterator
from dataclasses import is_dataclass
from datetime import timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("cellblock_server.", "cellblock_agent.", "cellblock_client.")


def patched_numbers(program: str) -> list[str]:
    """Return the numeric constants in our modules that a Python program sets."""
    tree = ast.parse(program)
    modules = dict(_imported_names(tree))
    found = set()
    for node in ast.walk(tree):
        for target, name in _set_attributes(node):
            path = modules.get(target, target)
            if path.startswith(OURS) and _is_number(_constant(path, name)):
                found.add(f"{path}.{name}")
    return sorted(found)


def _imported_names(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield the names that a program imports, each with its full path."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name, alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _set_attributes(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield the attributes that a statement or call sets: the object as written, and the name."""
    match node:
        case ast.Call(func=ast.Attribute(attr="setattr") | ast.Name(id="setattr"), args=args):
            match args:
                case [ast.Constant(value=str(path)), *_]:
                    yield path.rpartition(".")[0], path.rpartition(".")[2]
                case [target, ast.Constant(value=str(name)), *_]:
                    yield ast.unparse(target), name
        case ast.Call(
            func=ast.Attribute(attr="setitem"), args=[ast.Attribute(value=target, attr=name), *_]
        ):
            yield ast.unparse(target), name
        case ast.Call(
            func=ast.Attribute(
                attr="update", value=ast.Call(func=ast.Name(id="vars"), args=[target])
            ),
            keywords=keywords,
        ):
            yield from ((ast.unparse(target), keyword.arg or "") for keyword in keywords)
        case ast.Assign(targets=targets):
            for one in targets:
                match one:
                    case ast.Attribute(value=target, attr=name):
                        yield ast.unparse(target), name
                    case ast.Subscript(
                        value=ast.Call(func=ast.Name(id="vars"), args=[target]),
                        slice=ast.Constant(value=str(name)),
                    ):
                        yield ast.unparse(target), name


def _constant(path: str, name: str) -> object:
    try:
        return getattr(importlib.import_module(path), name, None)
    except ModuleNotFoundError:
        return None  # the import names a member of a module


def _is_number(value: object) -> bool:
    """Return whether the value is a number or contains numbers."""
    if isinstance(value, dict):
        return any(map(_is_number, value.values()))
    is_plain = isinstance(value, int | float | timedelta) and not isinstance(value, bool)
    return is_plain or (is_dataclass(value) and not isinstance(value, type))


def test_no_test_patches_a_number_in_our_modules() -> None:
    programs = [
        path
        for name in ("tests", "benchmarks")
        for path in (ROOT / name).rglob("*.py")
        if ROOT / "tests/corpus/programs" not in path.parents  # they may have magics
    ]
    found = {path: patched_numbers(path.read_text()) for path in programs}
    assert len(found) > 400
    assert {str(path): numbers for path, numbers in found.items() if numbers} == {}


IMPORTS = "from cellblock_server.tenants import audit\nimport cellblock_server.tenants.audit as a\n"


@pytest.mark.parametrize(
    "line",
    [
        'monkeypatch.setattr(audit, "MAX_WAITING", 2)',
        'monkeypatch.setattr("cellblock_server.tenants.audit.MAX_WAITING", 2)',
        'setattr(a, "MAX_WAITING", 2)',
        "vars(audit).update(MAX_WAITING=2)",
        'vars(audit)["MAX_WAITING"] = 2',
        "a.MAX_WAITING = 2",
    ],
)
def test_each_form_of_patch_is_found(line: str) -> None:
    assert patched_numbers(IMPORTS + line) == ["cellblock_server.tenants.audit.MAX_WAITING"]


def test_patched_number_in_a_mapping_is_found() -> None:
    line = 'patch.setitem(postgresql_connection.PARAMETERS, "keepalives_idle", 1)'
    program = f"from cellblock_server.store import postgresql_connection\n{line}"
    assert patched_numbers(program) == ["cellblock_server.store.postgresql_connection.PARAMETERS"]


def test_other_values_may_be_patched() -> None:
    assert patched_numbers(IMPORTS + 'monkeypatch.setattr(audit, "AuditStore", None)') == []
