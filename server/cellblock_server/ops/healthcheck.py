"""Health check of the server on this machine or in this container: `python -m` and an exit code.

For a container's health check. It asks at `server.health_socket`, from the file and the environment
like the server. With `--alive` it checks only that the server is alive: a supervisor must not
restart a server because its engine is unavailable.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from cellblock_server.config import ConfigurationError, load

SECONDS = 5
"""Time limit with connecting: less than the engine's time limit for the check."""
ALIVE, READY = "", "cellblock.v1.SessionService"
"""Names of the services to check: see `rpc/health.py`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 if the server is ready, or alive; else 1, with the reason on standard error."""
    parser = argparse.ArgumentParser(description="Check whether the server is ready.")
    parser.add_argument("--alive", action="store_true", help="check only that the server is alive")
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
