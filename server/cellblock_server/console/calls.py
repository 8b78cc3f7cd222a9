"""Calls of the services from within this process, for a user of the web console.

Each call carries the user's key, and passes all stages of a call.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from cellblock.v1 import admin_pb2, execution_pb2, file_pb2, session_pb2
from cellblock_server.console.failures import RefusedError, refusal_of
from cellblock_server.console.timings import ConsoleTimings

MAX_JSON_DEPTH = 20

OFFERED: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (
        session_pb2.DESCRIPTOR.services_by_name["SessionService"],
        ("CreateSession", "GetSession", "ListSessions", "RestartSession", "DeleteSession"),
    ),
    (
        execution_pb2.DESCRIPTOR.services_by_name["ExecutionService"],
        ("CancelExecution",),
    ),
    (
        file_pb2.DESCRIPTOR.services_by_name["FileService"],
        ("ListSessionFiles",),
    ),
    (admin_pb2.DESCRIPTOR.services_by_name["AdminService"], ("GetServerStatus",)),
)
"""Calls that the page may make. Keys and tenants are not managed from a browser."""

METHODS: Mapping[str, MethodDescriptor] = {
    name: service.methods_by_name[name] for service, names in OFFERED for name in names
}

Metadata = tuple[tuple[str, str], ...]


class Caller:
    """Makes calls for one request of a browser."""

    def __init__(
        self, channel: grpc.aio.Channel, metadata: Metadata, timings: ConsoleTimings
    ) -> None:
        """Call through `channel`, with `metadata` that identifies the user."""
        self.timings = timings
        self.channel = channel
        self.metadata = metadata

    async def call(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        """Make a call and return its response as the proto's JSON. Raises RefusedError."""
        descriptor = METHODS.get(method)
        if descriptor is None:
            raise RefusedError(404, "NO_SUCH_CALL", f"the console does not offer {method!r}")
        request: Message = GetMessageClass(descriptor.input_type)()
        try:
            json_format.ParseDict(body, request, max_recursion_depth=MAX_JSON_DEPTH)
        except (json_format.ParseError, TypeError, AttributeError) as error:
            raise RefusedError(
                400, "BODY_MALFORMED", f"not a {descriptor.input_type.name}"
            ) from error
        made: grpc.aio.UnaryUnaryMultiCallable[Message, Message] = self.channel.unary_unary(
            f"/{descriptor.containing_service.full_name}/{descriptor.name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=GetMessageClass(descriptor.output_type).FromString,
        )
        async with refused():
            answer = await made(request, metadata=self.metadata, timeout=self.timings.call)
        return in_json(answer)


@asynccontextmanager
async def refused() -> AsyncIterator[None]:
    """Convert failed calls in the block to RefusedError."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise refusal_of(error) from error


@contextmanager
def cancelled_at_end(call: grpc.aio.Call) -> Iterator[None]:
    """Cancel a stream at the end of the block, instead of when it is garbage-collected."""
    try:
        yield
    finally:
        call.cancel()


def in_json(message: Message) -> dict[str, Any]:
    """Return a message as the proto's JSON: names in camel case, 64-bit numbers as text."""
    found: dict[str, Any] = json_format.MessageToDict(message)
    return found
