"""Liveness and readiness of a server are reported separately."""

import asyncio
import shutil
import signal
import sqlite3
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from cellblock.v1 import file_pb2, file_pb2_grpc
from cellblock_server.backends.docker.backend import DockerBackend
from cellblock_server.common.errors import UnavailableError
from cellblock_server.common.ids import new_id
from cellblock_server.common.supervisor import RestartPauses, Supervisor
from cellblock_server.rpc.health import Health
from cellblock_server.rpc.health_socket import HealthSocket
from cellblock_server.sessions.readiness import Problems, Readiness, ReadinessTimings
from cellblock_server.store.database import Database
from cellblock_server.store.timings import StoreTimings
from tests.support.buckets import blob_store
from tests.support.databases import store_url
from tests.support.held_engine import ENGINE
from tests.support.probes import ALIVE, FILES, READY, probe
from tests.support.server import ServerProcess
from tests.support.waiting import eventually, until

SERVING, NOT_SERVING = "SERVING", "NOT_SERVING"


@pytest.fixture
def short() -> Iterator[Path]:
    """Short: a Unix socket's path has at most 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="cellblock-"))
    yield folder
    shutil.rmtree(folder)


@dataclass(frozen=True)
class CheckedHealth:
    """Real checks of a real store and engine, exported by a real health service."""

    socket: Path
    readiness: Readiness
    reconciled: asyncio.Event

    async def status(self, service: str) -> str:
        return await asyncio.to_thread(probe, self.socket, service)

    async def until(self, service: str, status: str) -> None:
        async with asyncio.timeout(20):
            while await self.status(service) != status:  # noqa: ASYNC110 - only polling shows health
                await asyncio.sleep(0.05)


@asynccontextmanager
async def looking(folder: Path, engine: Path) -> AsyncIterator[CheckedHealth]:
    # A database that is locked is found out by the first look.
    database = Database(store_url(folder / "store.db"), timings=StoreTimings(busy=0))
    await database.start()
    backend = DockerBackend(folder, new_id(""), [], seccomp=None)
    blobs = blob_store(folder / "blobs")
    await blobs.start([])
    health, reconciled = Health(), asyncio.Event()
    socket = HealthSocket(folder / "health.sock", health.servicer)
    readiness = Readiness(
        backend.check,
        database.check,
        blobs.check,
        reconciled,
        health.show,
        health.show_background,
        Supervisor(),
        ReadinessTimings(pause=0.05),
    )
    await health.alive()
    await socket.start()
    running = asyncio.create_task(readiness.run())
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DOCKER_HOST", f"unix://{engine}")
            yield CheckedHealth(folder / "health.sock", readiness, reconciled)
    finally:
        running.cancel()
        await asyncio.wait({running})
        await socket.stop()
        await backend.close()
        await database.close()


async def test_without_an_engine_the_server_is_live_but_not_ready(short: Path) -> None:
    async with looking(short, short / "engine.sock") as looks:
        looks.reconciled.set()
        await looks.readiness.serving()
        assert await looks.status(ALIVE) == SERVING
        assert await looks.status(READY) == NOT_SERVING
        assert "does not answer" in looks.readiness.problems["engine"]
        # Stored data can be read all the same.
        assert await looks.status(FILES) == SERVING


@pytest.mark.engine
async def test_the_server_is_ready_when_the_engine_is_back(short: Path) -> None:
    async with looking(short, short / "engine.sock") as looks:
        looks.reconciled.set()
        await looks.readiness.serving()
        (short / "engine.sock").symlink_to(ENGINE)
        await looks.until(READY, SERVING)


@pytest.mark.engine
async def test_the_server_is_ready_after_taking_earlier_sessions_over(short: Path) -> None:
    async with looking(short, Path(ENGINE)) as looks:
        await looks.readiness.serving()
        assert await looks.status(READY) == NOT_SERVING
        looks.reconciled.set()
        await looks.until(READY, SERVING)


@pytest.mark.only_store("sqlite", "locks SQLite's file")
async def test_a_store_that_can_not_be_written_is_not_ready(
    short: Path,
) -> None:
    async with looking(short, short / "engine.sock") as looks:
        await looks.readiness.serving()
        assert await looks.status(FILES) == SERVING
        with closing(sqlite3.connect(short / "store.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            await looks.until(FILES, NOT_SERVING)
            assert await looks.status(ALIVE) == SERVING
        await looks.until(FILES, SERVING)


@pytest.fixture
def server(tmp_path: Path, short: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(
        tmp_path,
        {
            "CELLBLOCK_SANDBOX__BACKEND": "local",
            "CELLBLOCK_SERVER__HEALTH_SOCKET": str(short / "health.sock"),
            "CELLBLOCK_SERVER__DRAIN_TIMEOUT": "3600",
        },
    )
    yield server
    if server.running:
        # Sessions of this backend end with it.
        server.stop()


@pytest.mark.only_store("sqlite", "locks SQLite's file")
def test_a_starting_server_is_live_but_not_ready(server: ServerProcess, short: Path) -> None:
    socket = short / "health.sock"
    server.start()
    server.stop()
    other = sqlite3.connect(server.state / "cellblock.db")
    # It can't even be read until this is closed: the server waits.
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN IMMEDIATE")
    starting = threading.Thread(target=server.start)
    starting.start()
    try:
        until(lambda: probe(socket, ALIVE) == SERVING)
        assert probe(socket, READY) == NOT_SERVING
    finally:
        other.close()
        starting.join()
    until(lambda: probe(socket, READY) == SERVING)


def test_a_draining_server_is_live_but_not_ready(server: ServerProcess, short: Path) -> None:
    socket = short / "health.sock"
    server.start()
    whole, begun, may_end = b"data", threading.Event(), threading.Event()

    def requests() -> Iterator[file_pb2.UploadFileRequest]:
        yield file_pb2.UploadFileRequest(metadata=file_pb2.UploadFileMetadata(filename="a"))
        begun.set()
        may_end.wait()
        yield file_pb2.UploadFileRequest(data=whole)
        yield file_pb2.UploadFileRequest(end=file_pb2.EndOfData())

    with grpc.insecure_channel(server.address) as channel:
        files = file_pb2_grpc.FileServiceStub(channel)
        # Without an id it can't be resumed, so the server waits for it.
        upload = files.UploadFile.future(requests())
        begun.wait()
        # On the same connection, so the upload has begun when it is answered.
        files.ListFiles(file_pb2.ListFilesRequest())
        server.signal(signal.SIGTERM)
        try:
            until(lambda: probe(socket, READY) == NOT_SERVING)
            assert probe(socket, ALIVE) == SERVING
        finally:
            may_end.set()
        assert upload.result().file.bytes == len(whole)
    assert server.wait() == 0


async def test_an_error_in_a_check_does_not_end_the_checks() -> None:
    reported: list[str] = []
    fails: list[Exception] = []
    looked = 0

    async def look() -> None:
        nonlocal looked
        looked += 1
        if fails:
            raise fails[0]

    async def tell(problems: Problems) -> None:
        reported.append(problems["engine"])

    async def show_background(*, are_well: bool) -> None:
        well.append(are_well)

    well: list[bool] = []
    supervisor = Supervisor(pauses=RestartPauses(first=0.01, longest=0.01))
    readiness = Readiness(
        look,
        look,
        look,
        asyncio.Event(),
        tell,
        show_background,
        supervisor,
        ReadinessTimings(pause=0.01),
    )
    await readiness.serving()
    async with supervisor.supervise("readiness", readiness.run):
        fails.append(RuntimeError("a bug"))
        before = looked
        await eventually(lambda: looked > before + 2)
        fails[0] = UnavailableError("ENGINE_UNREACHABLE", "gone")
        await eventually(lambda: reported == ["", "gone"])
        assert (well[0], well[-1]) == (True, False)
