"""Asks the server of this machine or container whether it is ready: `python -m` and an exit code.

For a container's health check. It asks at `server.health_socket`, which it knows as the server
does, from the file and the environment. With `--alive` it asks for life only: whoever restarts
what fails must not do so because an engine is away.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from cellblock_server.config import ConfigurationError, load

SECONDS = 5
"""For the answer, connecting included: less than the time that the engine gives the check."""
ALIVE, READY = "", "cellblock.v1.SessionService"
"""What to ask for: see `rpc/health.py`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 if the server is ready, or alive; else 1, and why on standard error."""
    parser = argparse.ArgumentParser(description="Ask whether the server is ready.")
    parser.add_argument("--alive", action="store_true", help="whether it lives, ready or not")
    service = ALIVE if parser.parse_args(arguments).alive else READY
    try:
        path = load(None, {}).server.health_socket
    except ConfigurationError as error:
        return _unhealthy(str(error))
    if not path:
        return _unhealthy("server.health_socket is not set")
    with grpc.insecure_channel(f"unix:{path}") as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        try:
            answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=SECONDS)
        except grpc.RpcError as error:
            return _unhealthy(f"{path}: {error.code().name}: {error.details()}")
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        return _unhealthy(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))
    return 0


def _unhealthy(why: str) -> int:
    print(why, file=sys.stderr)  # noqa: T201 - for the engine, which keeps it
    return 1


if __name__ == "__main__":
    sys.exit(main())
