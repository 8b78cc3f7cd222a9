"""Calls of any method, with any key, from the methods' descriptors."""

import logging
import os
from collections.abc import Sequence
from functools import cache
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pool import Default
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from cellblock_client.errors import Error, UnavailableError, from_call
from cellblock_server.rpc.health import SERVICES
from tests.support.databases import store_environment
from tests.support.forked import run_forked
from tests.support.programs import SERVER_PROGRAM
from tests.support.server import ServerProcess

CALL_SECONDS = 20
PATIENT_SECONDS = 100
PATIENT_ATTEMPTS = 3


@cache
def methods() -> tuple[MethodDescriptor, ...]:
    """Return all methods of Cellblock's services."""
    pool = Default()
    return tuple(
        method for service in SERVICES for method in pool.FindServiceByName(service).methods
    )


def method_named(name: str) -> MethodDescriptor:
    """Return the method of this name."""
    return next(method for method in methods() if method.name == name)


def path_of(method: MethodDescriptor) -> str:
    """Return the method's full name, as gRPC writes it."""
    return f"/{method.containing_service.full_name}/{method.name}"


def request_of(method: MethodDescriptor, **fields: Any) -> Message:
    """Return a request for the method."""
    request: Message = GetMessageClass(method.input_type)(**fields)
    return request


def metadata_of(key: str) -> list[tuple[str, str]]:
    """Return the metadata of calls with this key."""
    return [("authorization", f"Bearer {key}")] if key else []


def call(
    channel: grpc.Channel,
    method: MethodDescriptor,
    requests: Sequence[Message],
    key: str,
    seconds: float = CALL_SECONDS,
) -> list[Any]:
    """Make a call and return all of its responses, within `seconds`. Raises Error."""
    kind = (
        f"{'stream' if method.client_streaming else 'unary'}_"
        f"{'stream' if method.server_streaming else 'unary'}"
    )
    made: Any = getattr(channel, kind)(
        path_of(method),
        request_serializer=GetMessageClass(method.input_type).SerializeToString,
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )
    request = iter(requests) if method.client_streaming else requests[0]
    try:
        answer = made(request, timeout=seconds, metadata=metadata_of(key))
        return list(answer) if method.server_streaming else [answer]
    except grpc.RpcError as failed:
        raise from_call(failed) from failed


def call_patiently(
    channel: grpc.Channel, method: MethodDescriptor, requests: Sequence[Message], key: str
) -> list[Any]:
    """Make a call for a fixture and try again if it fails.

    On a busy machine a start can take long, or fail once. Only for requests that name what they
    create: a repetition creates it once.
    """
    for _attempt in range(PATIENT_ATTEMPTS - 1):
        try:
            return call(channel, method, requests, key, PATIENT_SECONDS)
        except UnavailableError as error:
            logging.getLogger(__name__).warning("%s: %s", method.name, error)
    return call(channel, method, requests, key, PATIENT_SECONDS)


def error_of(
    channel: grpc.Channel, method: MethodDescriptor, requests: Sequence[Message], key: str
) -> Error | None:
    """Return the error of a call; None if it succeeds."""
    try:
        call(channel, method, requests, key)
    except Error as error:
        return error
    return None


def status_of(error: Error) -> str:
    """Return the name of the gRPC status that caused an error."""
    failed = error.__cause__ or error.__context__
    assert isinstance(failed, grpc.Call)
    return str(failed.code().name)


def admin_key(server: ServerProcess) -> str:
    """Create a key with the role ADMIN, as an operator creates the first one."""
    made = run_forked(
        SERVER_PROGRAM,
        ["create-admin-key", f"--state-dir={server.state}"],
        timeout=PATIENT_SECONDS,
        env={**os.environ, **store_environment(server.state)},
    )
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()
