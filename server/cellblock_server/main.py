"""The server's entry: read the configuration, put the parts together, serve, stop in order."""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path

import structlog
from alembic.util import CommandError
from grpc.aio import ServerInterceptor
from sqlalchemy.exc import DBAPIError

from cellblock.agent.v1.agent_pb2 import OutputLimits
from cellblock_server import embedded
from cellblock_server.auth.audit import AuditLog
from cellblock_server.auth.first_key import create_admin_key
from cellblock_server.auth.keys import KeyService
from cellblock_server.auth.live_calls import LiveCalls
from cellblock_server.auth.secret import server_secret
from cellblock_server.auth.tenants import TenantService
from cellblock_server.clock import utc_now
from cellblock_server.config import ConfigurationError, Settings, load
from cellblock_server.egress.relay import RelayBounds
from cellblock_server.egress.service import Egress
from cellblock_server.egress.squid_config import Allowed
from cellblock_server.embedded import NotEmbeddedError
from cellblock_server.errors import CellblockError, UnavailableError, WrongStateError
from cellblock_server.executions.journal import Journal
from cellblock_server.executions.runner import RunnerBounds
from cellblock_server.executions.service import ExecutionLimits, ExecutionService
from cellblock_server.files.attachments import AttachmentBounds, AttachmentService
from cellblock_server.files.blobs import BlobStore
from cellblock_server.files.capture import Capture, CaptureBounds
from cellblock_server.files.service import FileService
from cellblock_server.files.uploads import UploadService
from cellblock_server.host_rules import parse_network, parse_rule
from cellblock_server.quotas.bounds import Quotas, QuotaTable
from cellblock_server.quotas.cpu import CpuQuota
from cellblock_server.quotas.executions import ExecutionQuota
from cellblock_server.quotas.rate import CallRates
from cellblock_server.retention import Retention
from cellblock_server.rpc.admin import AdminServicer
from cellblock_server.rpc.audit import AuditInterceptor
from cellblock_server.rpc.auth import AuthInterceptor
from cellblock_server.rpc.execution import ExecutionServicer
from cellblock_server.rpc.file import FileServicer
from cellblock_server.rpc.listener import Listener
from cellblock_server.rpc.rates import RateInterceptor
from cellblock_server.rpc.run_step import RunStepServicer
from cellblock_server.rpc.session import SessionServicer
from cellblock_server.rpc.sockets import ListenError
from cellblock_server.rpc.tls import TlsFiles
from cellblock_server.runsteps.image_urls import ImageUrls
from cellblock_server.runsteps.resolver import AnnotationResolver
from cellblock_server.runsteps.service import RunStepService
from cellblock_server.sandbox.backend import Backend
from cellblock_server.sandbox.docker import DockerBackend
from cellblock_server.sandbox.seccomp import SeccompProfileError, load_profile
from cellblock_server.sessions.keeper import SessionKeeper
from cellblock_server.sessions.manager import SessionManager
from cellblock_server.sessions.meter import CpuMeter
from cellblock_server.sessions.pool import Pool
from cellblock_server.sessions.starter import SessionStarter
from cellblock_server.sessions.stocks import pool_bounds, stocks
from cellblock_server.sessions.usage import TenantUsage
from cellblock_server.state_folder import (
    StateFolder,
    StateFolderError,
    shared_state_folder,
    state_folder,
)
from cellblock_server.store.audit import AuditStore
from cellblock_server.store.cpu import CpuStore
from cellblock_server.store.database import Database
from cellblock_server.store.executions import ExecutionStore
from cellblock_server.store.files import FileStore
from cellblock_server.store.keys import KeyStore
from cellblock_server.store.run_steps import RunStepStore
from cellblock_server.store.sessions import SessionStore
from cellblock_server.store.tenants import TenantStore
from cellblock_server.store.uploads import UploadStore
from cellblock_server.store.usage import Usage
from cellblock_server.telemetry import logging

CREATE_ADMIN_KEY = "create-admin-key"

log = structlog.get_logger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server until it is told to stop; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        settings = load(options.config, _flags(options))
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # noqa: T201 - there is no log yet
        return 2
    logging.configure(settings.log.level, settings.log.format)
    try:
        with ExitStack() as stack:
            if options.command == CREATE_ADMIN_KEY:
                return asyncio.run(_create_admin_key(settings))
            if options.embedded:
                stack.enter_context(embedded.removed_at_end(options.embedded))
            state = stack.enter_context(state_folder(settings.server.state_dir))
            asyncio.run(_serve(settings, state, for_owner=bool(options.embedded)))
    except (
        NotEmbeddedError,
        StateFolderError,
        SeccompProfileError,
        ListenError,
        CellblockError,
    ) as error:
        print(error, file=sys.stderr)  # noqa: T201 - the last word, for whoever started us
        return 1
    return 0


async def _create_admin_key(settings: Settings) -> int:
    state = shared_state_folder(settings.server.state_dir)
    database = await _database(settings.database_url)
    try:
        print(await create_admin_key(database, state))  # noqa: T201 - what was asked for
    finally:
        await database.close()
    return 0


async def _serve(settings: Settings, state: StateFolder, *, for_owner: bool) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if for_owner:
        embedded.at_end_of_input(stop.set)
    async with _listening(settings, state) as address:
        # For whoever started this process and waits for it; all else is on stderr.
        print(f"ready {address}", flush=True)  # noqa: T201
        log.info("listening", address=address, backend=settings.sandbox.backend)
        await stop.wait()
        log.info("stopping")


@asynccontextmanager
async def _listening(settings: Settings, state: StateFolder) -> AsyncIterator[str]:
    """Everything that serves, in order of need; it is taken down in the opposite order."""
    async with AsyncExitStack() as stack:
        database = await _database(settings.database_url)
        stack.push_async_callback(database.close)
        quotas = QuotaTable(_quotas(settings))
        tenants = TenantService(TenantStore(database), quotas, utc_now)
        await tenants.start()
        usage = Usage(database, quotas.stored_bytes)
        blobs = BlobStore(state.blobs, int(settings.files.min_free_bytes))
        store, sessions = FileStore(database), SessionStore(database)
        executions = ExecutionStore(database)
        journal = Journal(database, executions, utc_now)
        files = FileService(store, blobs)
        attachments = AttachmentService(store, blobs, _attachment_bounds(settings))
        uploads = UploadService(
            UploadStore(database, usage),
            store,
            blobs,
            usage,
            int(settings.files.max_upload_bytes),
            settings.files.upload_timeout,
            utc_now,
        )
        await uploads.start()
        retention = Retention(store, sessions, blobs, uploads, settings.sessions.retention, utc_now)
        await stack.enter_async_context(retention)
        backend = _backend(settings, state)
        await backend.start()
        stack.push_async_callback(backend.close)
        pool = Pool(backend, stocks(settings), pool_bounds(settings))
        egress = None
        if settings.sandbox.may_have_egress:
            egress = await stack.enter_async_context(_egress(settings, state))
        starter = SessionStarter(
            egress=egress,
            backend=backend,
            pool=pool,
            journal=journal,
            executions=executions,
            files=files,
            attachments=attachments,
            capture=Capture(
                blobs, usage, _capture_bounds(settings), settings.files.retention, utc_now
            ),
            bounds=_runner_bounds(settings),
            start_timeout=settings.sandbox.start_timeout,
            now=utc_now,
        )
        cpu = CpuQuota(CpuStore(database), quotas, settings.quotas.cpu_period, utc_now)
        await cpu.start()
        meter = CpuMeter(backend, journal, cpu, lambda: keeper.records())
        keeper = SessionKeeper(
            starter,
            sessions,
            settings.sessions.lifetime_cap,
            utc_now,
            meter.measure_last,
            end_on_shutdown=settings.sessions.end_on_shutdown,
        )
        await stack.enter_async_context(keeper)
        await stack.enter_async_context(meter)
        await stack.enter_async_context(pool.kept(after=keeper.reconciled))
        keys, audit, guards = await _guards(stack, settings, state, database, quotas)
        manager = SessionManager(settings, sessions, starter, keeper, quotas, cpu, utc_now)
        room = ExecutionQuota(keeper.unfinished_of, quotas)
        service = ExecutionService(
            executions, journal, usage, room, cpu, _execution_limits(settings), utc_now
        )
        listener = Listener(
            settings.server.listen,
            int(settings.server.max_message_bytes),
            SessionServicer(manager),
            ExecutionServicer(service, manager),
            FileServicer(files, uploads, attachments, manager),
            RunStepServicer(
                RunStepService(
                    RunStepStore(database),
                    sessions,
                    journal,
                    ImageUrls(files, settings.run_steps.image_url),
                ),
                AnnotationResolver(store, sessions),
            ),
            AdminServicer(tenants, keys, TenantUsage(quotas, keeper, usage, cpu), audit),
            guards,
            _tls(settings),
            settings.server.health_socket,
        )
        address = await listener.start()
        stack.push_async_callback(listener.stop, settings.server.drain_timeout.total_seconds())
        yield address


async def _guards(
    stack: AsyncExitStack,
    settings: Settings,
    state: StateFolder,
    database: Database,
    quotas: QuotaTable,
) -> tuple[KeyService, AuditLog, list[ServerInterceptor]]:
    """What stands between callers and services, the outermost first."""
    secret = server_secret(state.secret)
    keys = KeyService(KeyStore(database), TenantStore(database), secret, utc_now)
    kept = settings.audit
    audit = AuditLog(AuditStore(database), kept.retention, kept.max_entries, utc_now)
    await stack.enter_async_context(audit)
    live_calls = await stack.enter_async_context(LiveCalls(keys))
    return (
        keys,
        audit,
        [
            AuditInterceptor(audit, utc_now),
            AuthInterceptor(keys, live_calls, required=settings.auth.required),
            RateInterceptor(CallRates(quotas, time.monotonic)),
        ],
    )


async def _database(url: str) -> Database:
    """The database, open and up to date; UnavailableError says in a line what is wrong with it."""
    database = Database(url)
    try:
        await database.start()
    except (DBAPIError, CommandError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise UnavailableError("STORE_FAILED", f"store.url: {url}: {cause}") from error
    return database


def _tls(settings: Settings) -> TlsFiles | None:
    server = settings.server
    if not server.tls_certificate:
        return None
    return TlsFiles(
        Path(server.tls_certificate),
        Path(server.tls_key),
        Path(server.tls_client_ca) if server.tls_client_ca else None,
    )


def _quotas(settings: Settings) -> Quotas:
    quotas = settings.quotas
    return Quotas(
        max_sessions=quotas.max_sessions,
        max_executions=quotas.max_executions,
        cpu_seconds=quotas.cpu_seconds,
        stored_bytes=int(settings.files.quota_bytes),
        calls_per_second=quotas.calls_per_second,
    )


def _backend(settings: Settings, state: StateFolder) -> Backend:
    sandbox = settings.sandbox
    arguments = [
        f"--orphan-timeout={sandbox.orphan_timeout.total_seconds():g}",
        f"--preload={','.join(sandbox.preload)}",
    ]
    if sandbox.backend == "docker":
        return DockerBackend(
            state.sandboxes,
            state.instance,
            arguments,
            seccomp=load_profile(sandbox.seccomp),
            apparmor=sandbox.apparmor,
        )
    try:
        from cellblock_server.sandbox.local import LocalBackend
    except ModuleNotFoundError as error:
        raise WrongStateError(
            "LOCAL_MISSING", f"the local backend needs {error.name}: pip install 'cellblock[local]'"
        ) from error
    return LocalBackend(state.sandboxes, arguments)


def _egress(settings: Settings, state: StateFolder) -> Egress:
    egress = settings.egress
    return Egress(
        state.path / "egress",
        Allowed(
            rules=tuple(map(parse_rule, egress.allow)),
            networks=tuple(map(parse_network, egress.private_networks)),
            dns_servers=tuple(egress.dns_servers),
        ),
        RelayBounds(egress.max_connections, int(egress.max_bytes), egress.timeout),
    )


def _execution_limits(settings: Settings) -> ExecutionLimits:
    executions = settings.executions
    return ExecutionLimits(
        executions.timeout, executions.max_timeout, int(executions.max_code_bytes)
    )


def _runner_bounds(settings: Settings) -> RunnerBounds:
    executions = settings.executions
    return RunnerBounds(
        max_queue=executions.max_queue,
        grace=executions.grace,
        output=OutputLimits(
            max_text_bytes=int(executions.max_text_bytes),
            max_rich_bytes=int(executions.max_rich_bytes),
            max_image_bytes=int(executions.max_image_bytes),
            max_image_pixels=executions.max_image_pixels,
            max_images=executions.max_images,
            max_events=executions.max_events,
            max_kept_bytes=int(executions.max_kept_bytes),
        ),
    )


def _attachment_bounds(settings: Settings) -> AttachmentBounds:
    files = settings.files
    return AttachmentBounds(
        small_file_bytes=int(files.small_file_bytes),
        max_unpacked_bytes=int(files.max_unpacked_bytes),
        max_unpacked_files=files.max_unpacked_files,
        max_unpack_ratio=files.max_unpack_ratio,
    )


def _capture_bounds(settings: Settings) -> CaptureBounds:
    files = settings.files
    return CaptureBounds(
        max_files=files.max_captured_files,
        max_bytes=int(files.max_captured_bytes),
        max_output_bytes=int(settings.executions.max_kept_bytes),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cellblock serve",
        description="Run the Cellblock server. Keys, environment variables and the file are "
        "described in docs/configuration.md; a flag counts more than all of them.",
    )
    parser.add_argument(
        "command",
        nargs="?",
        choices=[CREATE_ADMIN_KEY],
        help=f"{CREATE_ADMIN_KEY}: print a new key with the role ADMIN, and end; the server may "
        "run meanwhile. Without: serve",
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="the configuration file")
    parser.add_argument("--listen", metavar="ADDRESS", help="host:port or unix:/path")
    parser.add_argument("--state-dir", metavar="FOLDER", help="where to keep everything")
    parser.add_argument("--backend", help="docker or local")
    parser.add_argument(
        "--embedded",
        type=Path,
        metavar="FOLDER",
        help="serve the process that holds standard input: keep everything in FOLDER, and when "
        "standard input ends, end all sessions, remove FOLDER and stop",
    )
    return parser


def _flags(options: argparse.Namespace) -> dict[str, dict[str, object]]:
    flags = embedded.flags(options.embedded) if options.embedded else {}
    for section, key in (("server", "listen"), ("server", "state_dir"), ("sandbox", "backend")):
        if (value := getattr(options, key)) is not None:
            flags.setdefault(section, {})[key] = value
    return flags


if __name__ == "__main__":
    sys.exit(main())
