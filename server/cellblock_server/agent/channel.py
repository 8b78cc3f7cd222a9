"""The gRPC channel to an agent: bounded, with responses deserialized by `checks.reader`."""

from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf.message_factory import GetMessageClass

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock.agent.v1 import agent_pb2_grpc
from cellblock_server.agent.checks import reader

MAX_MESSAGE_BYTES = 64 * 2**20
"""Bound on one message from an agent, above the largest image allowed."""

CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
    # The pinned socket either responds or never will again.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
]

_SERVICE = pb.DESCRIPTOR.services_by_name["AgentService"]


def open_channel(target: str) -> grpc.aio.Channel:
    """Open a channel to an agent's socket."""
    return grpc.aio.insecure_channel(target, options=CHANNEL_OPTIONS)


def checked_stub(channel: grpc.aio.Channel) -> "agent_pb2_grpc.AgentServiceAsyncStub":
    """Return a stub whose responses are messages, or `Refused` if malformed: see `checked`."""
    stub: Any = agent_pb2_grpc.AgentServiceStub
    made: agent_pb2_grpc.AgentServiceAsyncStub = stub(_CheckedChannel(channel))
    return made


class _CheckedChannel:
    """The part of a channel that the generated stub uses, with our deserializers."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        for kind in ("unary_unary", "unary_stream", "stream_unary", "stream_stream"):
            setattr(self, kind, _with_reader(getattr(channel, kind)))


def _with_reader(make: Callable[..., Any]) -> Callable[..., Any]:
    def make_checked(path: str, **options: Any) -> Any:  # noqa: ANN401 - gRPC's own
        answer = _SERVICE.methods_by_name[path.rpartition("/")[2]].output_type
        options["response_deserializer"] = reader(GetMessageClass(answer))
        return make(path, **options)

    return make_checked
