"""Health checks, as an orchestrator makes them."""

from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

ALIVE, READY, FILES = "", "cellblock.v1.SessionService", "cellblock.v1.FileService"
ANSWER_SECONDS = 10


def probe(socket: Path, service: str) -> str:
    """Return a service's status at a health socket; empty if no server responds."""
    with grpc.insecure_channel(f"unix:{socket}") as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        try:
            answer = health.Check(
                health_pb2.HealthCheckRequest(service=service), timeout=ANSWER_SECONDS
            )
        except grpc.RpcError:
            return ""
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))
