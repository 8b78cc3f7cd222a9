"""The table of errors.md: exactly the reasons that the server's source raises."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from generate_guarantees import ROOT
from google.rpc import code_pb2

from cellblock_server.common import errors
from cellblock_server.common.errors import CellblockError
from cellblock_server.rpc.status import CODES
from cellblock_server.store.states import SESSION_ENDS
from tests.support.error_table import rows

SERVER = Path(errors.__file__).parent.parent
KINDS: dict[str, type[CellblockError]] = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, CellblockError)
}
BY_FIELD = {"InvalidArgumentError": "INVALID_FIELD", "OutOfRangeError": "OUT_OF_BOUNDS"}
BY_KIND = {"NotFoundError": "{}_NOT_FOUND", "AlreadyExistsError": "{}_EXISTS"}
Raised = tuple[str, str]
"""gRPC status and reason."""


def raised_by_server() -> set[Raised]:
    return {found for path in SERVER.rglob("*.py") for found in raised_in(path)}


def raised_in(path: Path) -> Iterator[Raised]:
    """Yield the errors that one file raises. Fails if the source doesn't show the reason."""
    tree = ast.parse(path.read_text())
    for scope in ast.walk(tree):
        if isinstance(scope, ast.ClassDef) and path != Path(errors.__file__):
            # A subclass passes its reason to its base's __init__.
            for base in scope.bases:
                if isinstance(base, ast.Name) and base.id in KINDS:
                    yield from (
                        (status_of(base.id), reason)
                        for call in ast.walk(scope)
                        if isinstance(call, ast.Call)
                        and ast.unparse(call.func).endswith("__init__")
                        for reason in reasons(call.args[0], scope, path)
                    )
        if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
            for call in ast.walk(scope):
                if isinstance(call, ast.Call) and name_of(call) in KINDS:
                    yield from errors_of_call(call, scope, path)


def name_of(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def errors_of_call(call: ast.Call, scope: ast.AST, path: Path) -> Iterator[Raised]:
    """Yield the errors that one call of an error class creates."""
    name = name_of(call)
    arguments = {keyword.arg: keyword.value for keyword in call.keywords}
    own = arguments.get("reason")
    if own is None and name in BY_FIELD:
        yield status_of(name), BY_FIELD[name]
        return
    what = own or arguments.get("kind") or call.args[0]
    form = BY_KIND.get(name, "{}") if own is None else "{}"
    for reason in reasons(what, scope, path):
        yield status_of(name), form.format(reason.upper() if form != "{}" else reason)


def reasons(value: ast.expr, scope: ast.AST, path: Path) -> Iterator[str]:
    match value:
        case ast.Constant(value=str(reason)):
            yield reason
        case ast.IfExp(body=one, orelse=other):
            yield from reasons(one, scope, path)
            yield from reasons(other, scope, path)
        case ast.Name(id=name):
            assigned = [
                node.value
                for node in ast.walk(scope)
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
            ]
            assert assigned, f"{path}:{value.lineno}: cannot find the value of {name}"
            for one in assigned:
                yield from reasons(one, scope, path)
        case ast.Attribute(attr="reason"):
            pass  # forwarded: it was raised elsewhere
        case ast.JoinedStr() if ast.unparse(value) == "f'SESSION_{record.state.name}'":
            yield from (f"SESSION_{state.name}" for state in SESSION_ENDS)
        case _:
            raise AssertionError(
                f"{path}:{value.lineno}: cannot tell the reason from {ast.unparse(value)}"
            )


def status_of(name: str) -> str:
    """Return the gRPC status of an error class, as `rpc/status.py` chooses it."""
    code = next((code for kind, code in CODES if issubclass(KINDS[name], kind)), code_pb2.INTERNAL)
    return str(code_pb2.Code.Name(code))


def test_table_has_exactly_the_raised_errors() -> None:
    assert {(row.status, row.reason) for row in rows() if row.reason} == raised_by_server()


def test_table_has_no_duplicates() -> None:
    found = [(row.status, row.reason) for row in rows()]
    assert len(found) == len(set(found)) > 40


def test_each_reason_has_a_claim_in_the_guarantees() -> None:
    claims = (ROOT / "docs" / "guarantees" / "errors.toml").read_text()
    found = {(row.status, row.reason) for row in rows() if row.reason}
    assert {one for one in found if f"`{one[1]}` occurs with {one[0]}." not in claims} == set()


def test_every_literal_reason_is_recognized() -> None:
    """Find reasons by pattern, and compare them with those found in the syntax tree."""
    word = re.compile(r'Error\(\s*"([A-Z]+(?:_[A-Z]+)*)"')
    seen = {reason for path in SERVER.rglob("*.py") for reason in word.findall(path.read_text())}
    assert seen
    assert seen <= {reason for _, reason in raised_by_server()}
