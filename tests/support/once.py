"""Calls without retries; the client would retry them."""

import grpc

from cellblock.v1 import session_pb2, session_pb2_grpc
from cellblock_client.errors import Error, from_call


def refused_create(address: str, seconds: float) -> Error:
    """Create a session that must be refused within some seconds; return the error."""
    with grpc.insecure_channel(address) as channel:
        stub = session_pb2_grpc.SessionServiceStub(channel)
        try:
            stub.CreateSession(session_pb2.CreateSessionRequest(), timeout=seconds)
        except grpc.RpcError as error:
            return from_call(error)
    raise AssertionError("it was made")
