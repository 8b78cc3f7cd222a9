"""Asks the server of this machine or container whether it serves: `python -m` and an exit code.

For a container's health check. It reads the configuration as the server does, from the file
and the environment, so that both know the same address; flags are not known to it.
"""

import sys
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from cellblock_server.config import ConfigurationError, load

SECONDS = 5
"""For the answer, connecting included: less than the time that the engine gives the check."""


def main() -> int:
    """Exit code 0 if the server serves; else 1, and why on standard error."""
    try:
        address = load(None, {}).server.listen
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # noqa: T201 - there is no log here
        return 1
    with grpc.insecure_channel(address) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        try:
            answer = health.Check(health_pb2.HealthCheckRequest(), timeout=SECONDS)
        except grpc.RpcError as error:
            print(f"{address}: {error.code().name}: {error.details()}", file=sys.stderr)  # noqa: T201
            return 1
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        name = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
        print(f"{address}: {name}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
