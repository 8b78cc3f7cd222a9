"""What `grpc.health.v1` says: whether the server lives, and which of its services are ready."""

from grpc_health.v1 import health, health_pb2

from cellblock.v1 import admin_pb2, execution_pb2, file_pb2, run_step_pb2, session_pb2
from cellblock_server.sessions.readiness import SERVING, STORE, Problems

ALIVE = ""
"""The name that stands for the server itself."""
NEEDS_ALL = tuple(
    proto.DESCRIPTOR.services_by_name[name].full_name
    for proto, name in ((session_pb2, "SessionService"), (execution_pb2, "ExecutionService"))
)
NEEDS_STORE = tuple(
    proto.DESCRIPTOR.services_by_name[name].full_name
    for proto, name in (
        (file_pb2, "FileService"),
        (run_step_pb2, "RunStepService"),
        (admin_pb2, "AdminService"),
    )
)
"""What is stored can be read while there is no engine."""
SERVICES = NEEDS_ALL + NEEDS_STORE

SERVING_NOW = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Health:
    """The statuses. A probe for life asks for ``, one for readiness for a service."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self.servicer = health.aio.HealthServicer()

    async def alive(self) -> None:
        """The event loop runs; nothing is ready yet."""
        await self.servicer.set(ALIVE, SERVING_NOW)
        for service in SERVICES:
            await self.servicer.set(service, NOT_SERVING)

    async def show(self, problems: Problems) -> None:
        """Services are ready that miss nothing."""
        for service in SERVICES:
            needed = problems if service in NEEDS_ALL else (STORE, SERVING)
            missing = any(problems[name] for name in needed)
            await self.servicer.set(service, NOT_SERVING if missing else SERVING_NOW)
