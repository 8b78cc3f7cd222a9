"""Assembly of database, journal and files, and the storage quotas of tenants."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from cellblock_server.assembly import parts
from cellblock_server.assembly.timings import Timings
from cellblock_server.blobs.blob_store import BlobStore
from cellblock_server.common.clock import SteadyClock, steady_clock, utc_now
from cellblock_server.common.supervisor import Supervisor
from cellblock_server.config import Settings
from cellblock_server.executions.spans import Tracing
from cellblock_server.files.file_service import FileService
from cellblock_server.files.uploads import UploadService
from cellblock_server.journal.journal import Journal
from cellblock_server.journal.observers import Counting, Observer, log_ends
from cellblock_server.sessions.retention import Retention
from cellblock_server.store.database import Database
from cellblock_server.store.executions import ExecutionStore
from cellblock_server.store.files import FileStore
from cellblock_server.store.opening import open_database
from cellblock_server.store.sessions import SessionStore
from cellblock_server.store.state_folder import StateFolder
from cellblock_server.store.tenants import TenantStore
from cellblock_server.store.uploads import UploadStore
from cellblock_server.store.usage import Usage
from cellblock_server.telemetry.metrics import Metrics
from cellblock_server.tenants.quotas import QuotaTable
from cellblock_server.tenants.tenants import TenantService
from cellblock_server.tenants.turns import Turns


@dataclass(frozen=True)
class Storage:
    """The database, the stores in it, and the stored files."""

    steady: SteadyClock
    database: Database
    quotas: QuotaTable
    tenants: TenantService
    usage: Usage
    sessions: SessionStore
    executions: ExecutionStore
    journal: Journal
    blobs: BlobStore
    file_records: FileStore
    files: FileService
    uploads: UploadService
    turns: Turns


@asynccontextmanager
async def storage(
    settings: Settings,
    state: StateFolder,
    metrics: Metrics,
    supervisor: Supervisor,
    timings: Timings,
    give_up: Callable[[str], None],
) -> AsyncIterator[Storage]:
    """Open the storage, and delete what has expired while it is open.

    Raises what `open_database` and `parts.blob_store` raise, and UnavailableError if bytes can't be
    stored.
    """
    async with AsyncExitStack() as stack:
        steady = steady_clock(state.clock, utc_now)
        database = await open_database(
            settings, state, metrics, give_up=give_up, timings=timings.store
        )
        stack.push_async_callback(database.close)
        quotas = QuotaTable(parts.default_quotas(settings))
        tenants = TenantService(TenantStore(database), quotas, utc_now)
        await tenants.start()
        usage = Usage(database, quotas.stored_bytes)
        blobs = parts.blob_store(settings, state, timings)
        stack.push_async_callback(blobs.close)
        file_records, sessions = FileStore(database), SessionStore(database)
        executions = ExecutionStore(database)
        observers: list[Observer] = [Counting(metrics), log_ends]
        if settings.telemetry.otlp_endpoint:
            observers.append(Tracing())
        turns = Turns(settings.quotas.max_uploads)
        uploads = UploadService(
            UploadStore(database, usage),
            file_records,
            blobs,
            usage,
            int(settings.files.max_upload_bytes),
            settings.files.upload_timeout,
            utc_now,
            metrics,
            turns=turns,
            max_kept=settings.quotas.max_uploads,
        )
        await uploads.start()
        retention = Retention(
            file_records,
            sessions,
            blobs,
            uploads,
            settings.sessions.retention,
            steady.earlier,
            timings.retention,
        )
        await stack.enter_async_context(supervisor.supervise("retention", retention.run))
        yield Storage(
            steady=steady,
            database=database,
            quotas=quotas,
            tenants=tenants,
            usage=usage,
            sessions=sessions,
            executions=executions,
            journal=Journal(database, executions, utc_now, steady, observers),
            blobs=blobs,
            file_records=file_records,
            files=FileService(file_records, blobs),
            uploads=uploads,
            turns=turns,
        )
