"""Status of `grpc.health.v1`: whether the server is alive, and which services are ready."""

from collections.abc import Iterable

from grpc_health.v1 import health, health_pb2

from cellblock.v1 import admin_pb2, execution_pb2, file_pb2, run_step_pb2, session_pb2
from cellblock_server.sessions.readiness import BLOBS, SERVING, STORE, Problems

ALIVE = ""
"""Name of the server itself."""
NEEDS_ALL = tuple(
    proto.DESCRIPTOR.services_by_name[name].full_name
    for proto, name in ((session_pb2, "SessionService"), (execution_pb2, "ExecutionService"))
)
NEEDS_STORE = tuple(
    proto.DESCRIPTOR.services_by_name[name].full_name
    for proto, name in (
        (run_step_pb2, "RunStepService"),
        (admin_pb2, "AdminService"),
    )
)
"""Services that need only the store: stored data can be read without Docker Engine."""
NEEDS_BYTES = (file_pb2.DESCRIPTOR.services_by_name["FileService"].full_name,)
SERVICES = NEEDS_ALL + NEEDS_STORE + NEEDS_BYTES

BACKGROUND = "cellblock.background"
"""Name of the background tasks: not serving while one of them fails."""

SERVING_NOW = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Health:
    """Health statuses. A liveness probe asks for ``, a readiness probe for a service."""

    def __init__(self) -> None:
        """Start with unknown statuses."""
        self.servicer = health.aio.HealthServicer()

    async def alive(self) -> None:
        """Report that the event loop runs and no service is ready yet."""
        await self.servicer.set(ALIVE, SERVING_NOW)
        for service in (*SERVICES, BACKGROUND):
            await self.servicer.set(service, NOT_SERVING)

    async def show(self, problems: Problems) -> None:
        """Report services without problems as ready."""
        for service in SERVICES:
            missing = any(problems[name] for name in _needs(service, problems))
            await self.servicer.set(service, NOT_SERVING if missing else SERVING_NOW)

    async def show_background(self, *, are_well: bool) -> None:
        """Set the status of the background tasks."""
        await self.servicer.set(BACKGROUND, SERVING_NOW if are_well else NOT_SERVING)


def _needs(service: str, problems: Problems) -> Iterable[str]:
    if service in NEEDS_ALL:
        return problems
    return (STORE, BLOBS, SERVING) if service in NEEDS_BYTES else (STORE, SERVING)
