"""Parts of the server and their limits, built from the configuration."""

import ssl
from pathlib import Path

from cellblock.agent.v1.agent_pb2 import OutputLimits
from cellblock_server.assembly.timings import DEFAULT_TIMINGS, Timings
from cellblock_server.backends.backend import Backend
from cellblock_server.backends.docker.backend import DockerBackend
from cellblock_server.backends.docker.seccomp import load_profile
from cellblock_server.blobs.blob_cache import BlobCache
from cellblock_server.blobs.blob_store import BlobStore
from cellblock_server.blobs.folder_store import FolderStore
from cellblock_server.blobs.object_store import ObjectStore
from cellblock_server.blobs.room import DiskSpace
from cellblock_server.common.errors import WrongStateError
from cellblock_server.common.supervisor import Supervisor
from cellblock_server.config import Settings
from cellblock_server.config.host_rules import parse_network, parse_rule
from cellblock_server.console.access import LOOPBACK_NAMES, Access
from cellblock_server.console.tls import server_context
from cellblock_server.egress.relay import RelayBounds
from cellblock_server.egress.session_egress import Egress
from cellblock_server.egress.squid_config import Allowed
from cellblock_server.executions.request import ExecutionLimits
from cellblock_server.executions.runner import RunnerBounds
from cellblock_server.files.attachments import AttachmentBounds
from cellblock_server.files.capture import CaptureBounds
from cellblock_server.rpc.tls import TlsFiles
from cellblock_server.sessions.start_queue import StartBounds
from cellblock_server.store.state_folder import (
    StateFolder,
)
from cellblock_server.tenants.quotas import Quotas


def tls_files(settings: Settings) -> TlsFiles | None:
    """Return the files of the TLS listener; None without TLS."""
    server = settings.server
    if not server.tls_certificate:
        return None
    return TlsFiles(
        Path(server.tls_certificate),
        Path(server.tls_key),
        Path(server.tls_client_ca) if server.tls_client_ca else None,
    )


def console_access(settings: Settings) -> Access:
    """Return the access rules of the console."""
    console = settings.console
    local = LOOPBACK_NAMES if console.only_local else frozenset()
    return Access(
        hosts=local | {console.host.lower()} | {name.lower() for name in console.hosts},
        scheme="http" if console.only_local else "https",
        needs_key=settings.auth.required,
        login_timeout=console.login_timeout,
        max_body_bytes=int(settings.server.max_message_bytes),
    )


def console_tls(settings: Settings) -> ssl.SSLContext | None:
    """Return the TLS context of the console; None if it listens on loopback only.

    Raises TlsError.
    """
    files = tls_files(settings)
    return None if files is None or settings.console.only_local else server_context(files)


def start_bounds(settings: Settings) -> StartBounds:
    """Return the limits on cold starts of sandboxes."""
    return StartBounds(
        parallelism=settings.sessions.start_parallelism,
        max_waiting=settings.sessions.max_start_queue,
        patience=settings.sandbox.start_timeout,
    )


def default_quotas(settings: Settings) -> Quotas:
    """Return the quotas of tenants without quotas of their own."""
    quotas = settings.quotas
    return Quotas(
        max_sessions=quotas.max_sessions,
        max_executions=quotas.max_executions,
        cpu_seconds=quotas.cpu_seconds,
        stored_bytes=int(settings.files.quota_bytes),
        calls_per_second=quotas.calls_per_second,
    )


def backend(settings: Settings, state: StateFolder, timings: Timings = DEFAULT_TIMINGS) -> Backend:
    """Build the configured backend. Raises WrongStateError, and SeccompProfileError."""
    sandbox = settings.sandbox
    arguments = [
        f"--orphan-timeout={sandbox.orphan_timeout.total_seconds():g}",
        f"--fork-server-timeout={sandbox.fork_server_timeout.total_seconds():g}",
        f"--start-timeout={sandbox.start_timeout.total_seconds():g}",
    ]
    if sandbox.backend == "docker":
        return DockerBackend(
            state.sandboxes,
            state.instance,
            arguments,
            seccomp=load_profile(sandbox.seccomp),
            apparmor=sandbox.apparmor,
            users=sandbox.user_bounds,
            timings=timings.engine,
        )
    try:
        from cellblock_server.backends.local.backend import LocalBackend
    except ModuleNotFoundError as error:
        raise WrongStateError(
            "LOCAL_MISSING", f"the local backend needs {error.name}: pip install 'cellblock[local]'"
        ) from error
    return LocalBackend(state.sandboxes, arguments)


def blob_store(
    settings: Settings, state: StateFolder, timings: Timings = DEFAULT_TIMINGS
) -> BlobStore:
    """Build the blob store with its cache. Raises WrongStateError, and UnavailableError."""
    room = DiskSpace(state.blobs, int(settings.files.min_free_bytes))
    return BlobStore(state.blobs, room, object_store(settings, state, room, timings))


def object_store(
    settings: Settings, state: StateFolder, room: DiskSpace, timings: Timings = DEFAULT_TIMINGS
) -> ObjectStore:
    """Build the configured object store. Raises WrongStateError, and UnavailableError."""
    location = settings.blobs.location
    cache = BlobCache(state.blob_cache, int(settings.blobs.cache_bytes), room)
    if location is None:
        return FolderStore(state.blobs, cache)
    try:
        from cellblock_server.blobs.s3_client import client
        from cellblock_server.blobs.s3_store import S3Store
    except ModuleNotFoundError as error:
        raise WrongStateError(
            "S3_MISSING", "blobs.url: s3:// needs obstore: pip install 'cellblock[s3]'"
        ) from error
    return S3Store(
        client(settings.blobs, location, timings=timings.s3),
        client(settings.blobs, location, retries=0, timings=timings.s3),
        location,
        state.instance,
        cache,
        timings.s3,
    )


def egress(settings: Settings, state: StateFolder, supervisor: Supervisor) -> Egress:
    """Run the egress proxy of sandboxes."""
    egress = settings.egress
    return Egress(
        state.path / "egress",
        Allowed(
            rules=tuple(map(parse_rule, egress.allow)),
            networks=tuple(map(parse_network, egress.private_networks)),
            dns_servers=tuple(egress.dns_servers),
        ),
        RelayBounds(egress.max_connections, int(egress.max_bytes), egress.timeout),
        supervisor,
    )


def execution_limits(settings: Settings) -> ExecutionLimits:
    """Return the limits on what one execution may request."""
    executions = settings.executions
    return ExecutionLimits(
        executions.time_limit, executions.max_time_limit, int(executions.max_code_bytes)
    )


def runner_bounds(settings: Settings) -> RunnerBounds:
    """Return the limits of a session's executions."""
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


def attachment_bounds(settings: Settings) -> AttachmentBounds:
    """Return the limits of attachments."""
    files = settings.files
    return AttachmentBounds(
        small_file_bytes=int(files.small_file_bytes),
        max_unpacked_bytes=int(files.max_unpacked_bytes),
        max_unpacked_files=files.max_unpacked_files,
        max_unpack_ratio=files.max_unpack_ratio,
    )


def capture_bounds(settings: Settings) -> CaptureBounds:
    """Return the limits on files that are captured from a sandbox."""
    files = settings.files
    return CaptureBounds(
        max_files=files.max_captured_files,
        max_bytes=int(files.max_captured_bytes),
        max_output_bytes=int(settings.executions.max_kept_bytes),
    )
