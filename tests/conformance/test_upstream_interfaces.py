"""Private interfaces of other packages have the shape that `upstream/` was written for.

If a test fails after an upgrade, read the package's changes, adapt the module, and record the new
version and shape here.
"""

import inspect
from collections.abc import Callable
from importlib.metadata import version
from unittest.mock import create_autospec

import aiodocker
import grpc
import pytest

from cellblock.v1 import session_pb2_grpc
from cellblock_server.upstream.grpc_registration import found_by_name

AIODOCKER, GRPC = "0.27.0", "1.85.1"
"""Versions with these shapes."""


@pytest.mark.parametrize(
    ("method", "parameters", "defaults"),
    [
        (
            aiodocker.Docker._query,
            "self path method params data headers timeout chunked read_until_eof versioned_api",
            {"method": "GET", "params": None, "data": None, "versioned_api": True},
        ),
        (
            aiodocker.Docker._query_json,
            "self path method params data headers timeout read_until_eof versioned_api",
            {"method": "GET", "params": None, "data": None, "versioned_api": True},
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_aiodocker_sends_any_request(
    method: Callable[..., object], parameters: str, defaults: dict[str, object]
) -> None:
    found = inspect.signature(method).parameters
    words = f"changed since aiodocker {AIODOCKER}, installed is {version('aiodocker')}"
    assert list(found) == parameters.split(), words
    assert {name: found[name].default for name in defaults} == defaults, words


def test_aiodocker_answers_as_a_context_and_as_json() -> None:
    words = f"changed since aiodocker {AIODOCKER}, installed is {version('aiodocker')}"
    assert hasattr(inspect.unwrap(aiodocker.Docker._query), "__code__"), words
    assert not inspect.iscoroutinefunction(aiodocker.Docker._query), words
    assert inspect.iscoroutinefunction(aiodocker.Docker._query_json), words


def test_generated_code_registers_methods_in_two_ways() -> None:
    server = create_autospec(grpc.aio.Server, instance=True)
    servicer = create_autospec(session_pb2_grpc.SessionServiceServicer, instance=True)
    session_pb2_grpc.add_SessionServiceServicer_to_server(servicer, server)
    words = f"changed since grpcio {GRPC}, installed is {version('grpcio')}"
    used = [name for name, *_arguments in server.method_calls]
    assert used == ["add_generic_rpc_handlers", "add_registered_method_handlers"], words


def test_only_generic_handlers_reach_the_server() -> None:
    server = create_autospec(grpc.aio.Server, instance=True)
    servicer = create_autospec(session_pb2_grpc.SessionServiceServicer, instance=True)
    session_pb2_grpc.add_SessionServiceServicer_to_server(servicer, found_by_name(server))
    assert [name for name, *_rest in server.method_calls] == ["add_generic_rpc_handlers"]
