"""Servicers hold no rules: each method is short, and calls a use case."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from cellblock_server.rpc.permissions import NEEDED, REFLECTION

RPC = Path(__file__).parent.parent.parent / "server/cellblock_server/rpc"
MAX_LINES = 14
"""Lines of a method below its docstring."""
METHODS = {name.rpartition("/")[2] for name in NEEDED if REFLECTION not in name}


def servicer_methods() -> Iterator[ast.AsyncFunctionDef]:
    for path in RPC.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.AsyncFunctionDef) and node.name in METHODS:
                yield node


def test_all_methods_are_found() -> None:
    assert {method.name for method in servicer_methods()} == METHODS


@pytest.mark.parametrize("method", list(servicer_methods()), ids=lambda method: method.name)
def test_method_is_short(method: ast.AsyncFunctionDef) -> None:
    docstring, *_rest = method.body
    assert (method.end_lineno or 0) - (docstring.end_lineno or 0) <= MAX_LINES
