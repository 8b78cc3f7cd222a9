"""Startup of all parts in order of dependency; they are stopped in the opposite order."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from cellblock_server.assembly import parts
from cellblock_server.assembly.guards import guards
from cellblock_server.assembly.services import listener
from cellblock_server.assembly.sessions import sessions
from cellblock_server.assembly.storage import storage
from cellblock_server.assembly.timings import DEFAULT_TIMINGS, Timings
from cellblock_server.common.clock import utc_now
from cellblock_server.common.supervisor import Supervisor
from cellblock_server.config import Settings
from cellblock_server.console.listener import ConsoleListener
from cellblock_server.rpc.health import Health
from cellblock_server.rpc.health_socket import HealthSocket
from cellblock_server.rpc.inside import InternalSocket
from cellblock_server.rpc.sockets import ListenError
from cellblock_server.sessions.manager import SessionManager
from cellblock_server.sessions.overview import Overview
from cellblock_server.sessions.readiness import Readiness
from cellblock_server.store.owner import NOBODY
from cellblock_server.store.state_folder import StateFolder
from cellblock_server.telemetry.metrics import Metrics
from cellblock_server.telemetry.scraping import MetricsListener

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Addresses:
    """Addresses at which a server can be reached."""

    grpc: str
    console: str
    """URL of the console, which logs its reader in; empty without a console."""


@asynccontextmanager
async def listening(
    settings: Settings,
    state: StateFolder,
    give_up: Callable[[str], None] = NOBODY.give_up,
    timings: Timings = DEFAULT_TIMINGS,
) -> AsyncIterator[Addresses]:
    """Serve. `give_up` is called when this process must end immediately: see `Owner`.

    Parts are entered in order of dependency; tests pass short `timings`.
    """
    async with AsyncExitStack() as stack:
        metrics, health = Metrics(), Health()
        supervisor = Supervisor(
            lambda task: metrics.background_task_failures.labels(task).inc(),
            pauses=timings.restart,
        )
        await _alive(stack, settings, health)
        kept = await stack.enter_async_context(
            storage(settings, state, metrics, supervisor, timings, give_up)
        )
        live = await stack.enter_async_context(
            sessions(settings, state, kept, metrics, supervisor, timings)
        )
        inside = InternalSocket(state.path) if settings.console.listen else None
        guarded = await stack.enter_async_context(
            guards(settings, state, kept, inside, metrics, supervisor, timings)
        )
        keeper = live.keeper
        manager = SessionManager(
            settings, kept.sessions, live.starter, keeper, kept.quotas, live.cpu, kept.steady
        )
        readiness = Readiness(
            live.backend.check,
            kept.database.check,
            kept.blobs.check,
            keeper.reconciled,
            health.show,
            health.show_background,
            supervisor,
            timings.readiness,
        )
        overview = Overview(
            backend=live.backend,
            manager=manager,
            keeper=keeper,
            pool=live.pool,
            meter=live.meter,
            billing=live.billing,
            readiness=readiness,
            supervisor=supervisor,
            state_path=state.path,
            max_sessions=settings.sessions.max_sessions,
            started=utc_now(),
        )
        served = listener(settings, kept, live, guarded, manager, overview, health, inside)
        await _show_metrics(stack, settings, metrics, overview)
        address = await served.start()
        stack.push_async_callback(served.stop, settings.server.drain_timeout.total_seconds())
        stack.push_async_callback(readiness.stopping)
        await readiness.serving()
        await stack.enter_async_context(supervisor.supervise("readiness", readiness.run))
        console = "" if inside is None else await _show_console(stack, settings, inside, timings)
        yield Addresses(address, console)


async def _alive(stack: AsyncExitStack, settings: Settings, health: Health) -> None:
    """Report that the server is alive, before any slow step."""
    await health.alive()
    if settings.server.health_socket:
        socket = HealthSocket(Path(settings.server.health_socket), health.servicer)
        await socket.start()
        stack.push_async_callback(socket.stop)


async def _show_metrics(
    stack: AsyncExitStack, settings: Settings, metrics: Metrics, overview: Overview
) -> None:
    """Serve metrics if they are configured. Raises ListenError."""
    address = settings.telemetry.metrics_listen
    if not address:
        return
    listener = MetricsListener(address, metrics.registry, partial(overview.set_gauges, metrics))
    stack.push_async_callback(listener.stop)
    try:
        log.info("metrics_listening", address=await listener.start())
    except OSError as error:
        raise ListenError(f"telemetry.metrics_listen: {address}: {error.strerror}") from error


async def _show_console(
    stack: AsyncExitStack, settings: Settings, inside: InternalSocket, timings: Timings
) -> str:
    """Serve the console. Return the URL to open in a browser. Raises ListenError."""
    listener = ConsoleListener(
        inside, parts.console_access(settings), parts.console_tls(settings), timings.console
    )
    stack.push_async_callback(listener.stop)
    try:
        return await listener.start(settings.console.listen)
    except OSError as error:
        address = settings.console.listen
        raise ListenError(f"console.listen: {address}: {error.strerror}") from error
