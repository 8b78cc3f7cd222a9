"""A server with files in a bucket: file operations, and failures of the bucket."""

import hashlib
import io
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cellblock_client import Client, ExecutionResult, ExecutionStatus
from cellblock_client.errors import DamagedDataError, UnavailableError
from tests.support.faulty_s3 import FaultyS3, faulty_s3
from tests.support.probes import ALIVE, FILES, READY, probe
from tests.support.s3 import CREDENTIALS, KEY_ID, SECRET, S3Server
from tests.support.server import ServerProcess
from tests.support.waiting import until

MIB = 2**20
HASHES = (
    "from hashlib import sha256\n"
    "print(*[sha256(open(name, 'rb').read()).hexdigest() for name in ('large', 'small')])"
)
PLOT = "import matplotlib.pyplot as plt; plt.plot([1, 2]); open('made', 'w').write('made')"


@pytest.fixture
def faulty(s3: S3Server) -> Iterator[FaultyS3]:
    with faulty_s3(s3.port) as faulty:
        yield faulty


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    return hashlib.sha256(str(tmp_path).encode()).hexdigest()[:16]


@pytest.fixture
def socket() -> Iterator[Path]:
    """Short: a Unix socket's path has at most 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="cellblock-"))
    yield folder / "health.sock"
    shutil.rmtree(folder)


@pytest.fixture
def server(
    s3: S3Server, faulty: FaultyS3, tmp_path: Path, prefix: str, socket: Path
) -> Iterator[ServerProcess]:
    server = ServerProcess(
        tmp_path,
        {
            "CELLBLOCK_BLOBS__URL": s3.url(prefix, faulty.port),
            "CELLBLOCK_SERVER__HEALTH_SOCKET": str(socket),
            "CELLBLOCK_LOG__LEVEL": "debug",
            **CREDENTIALS,
        },
    )
    server.start()
    try:
        yield server
    finally:
        faulty.clear_faults()
        server.end()
        # Whatever was said, it was not that.
        assert SECRET not in server.log.read_text()
        assert KEY_ID not in server.log.read_text()


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Client]:
    with Client(server.address) as client:
        yield client


def hashes(s3: S3Server, prefix: str) -> set[str]:
    return {key.split("/")[1] for key in s3.keys(prefix) if key.startswith("blobs/")}


def test_files_go_in_and_out(
    client: Client, server: ServerProcess, s3: S3Server, prefix: str
) -> None:
    large, small = os.urandom(20 * MIB), b"small"
    with client.sessions.create() as session:
        files = [client.files.upload(large, "large"), client.files.upload(small, "small")]
        assert [session.attach(file).copied for file in files] == [False, False]
        assert session.run(HASHES).stdout.split() == [file.sha256 for file in files]
        result = session.run(PLOT)
        (image,), (made,) = result.images, result.files
        assert client.files.read(made.id) == b"made"
        assert client.files.read(image.id)[:4] == b"\x89PNG"
    part = io.BytesIO()
    client.files.download(files[0].id, part, offset=9 * MIB, length=5)
    assert part.getvalue() == large[9 * MIB : 9 * MIB + 5]
    assert hashlib.sha256(client.files.read(files[0].id)).hexdigest() == files[0].sha256
    assert {file.sha256 for file in (*files, made)} < hashes(s3, prefix)
    assert not list((server.state / "blobs").glob("??/*"))
    for file in client.files.list():
        client.files.delete(file.id)
    assert hashes(s3, prefix) == set()


def test_a_file_that_is_gone_or_altered_is_named(client: Client, s3: S3Server, prefix: str) -> None:
    gone, altered = client.files.upload(b"gone", "gone"), client.files.upload(b"altered", "altered")
    bucket = s3.client(prefix)
    bucket.delete(f"blobs/{gone.sha256}/0")
    bucket.put(f"blobs/{altered.sha256}/0", b"ALTERED", use_multipart=False)
    with client.sessions.create() as session:
        for file, words in ((gone, "its bytes are gone"), (altered, "not those that were stored")):
            with pytest.raises(DamagedDataError, match=words):
                client.files.read(file.id)
            with pytest.raises(DamagedDataError, match=words):
                session.attach(file)


def test_a_server_killed_while_it_stores_loses_nothing(
    server: ServerProcess, faulty: FaultyS3, s3: S3Server, prefix: str
) -> None:
    data = os.urandom(20 * MIB)
    sha256 = hashlib.sha256(data).hexdigest()
    faulty.fault("hold", method="PUT", part=f"{sha256}/1", times=1)

    def kill() -> None:
        assert faulty.held.wait(30)
        server.kill()
        server.listen = server.address
        faulty.clear_faults()
        server.start()

    killing = threading.Thread(target=kill)
    killing.start()
    with Client(server.address) as client:
        file = client.files.upload(data, "data")
        killing.join()
        assert file.sha256 == sha256
        assert client.files.read(file.id) == data


def test_what_a_killed_server_left_is_swept(
    server: ServerProcess, faulty: FaultyS3, s3: S3Server, prefix: str
) -> None:
    left = "0" * 64
    s3.client(prefix).put(f"blobs/{left}/0", b"half", use_multipart=False)
    server.kill()
    server.start()
    until(lambda: left not in hashes(s3, prefix))


def test_while_it_is_away_code_runs_and_nothing_is_lost(
    server: ServerProcess, client: Client, faulty: FaultyS3, socket: Path
) -> None:
    with client.sessions.create() as session:
        session.run("1")
        faulty.go_away()
        until(lambda: probe(socket, FILES) == "NOT_SERVING")
        assert probe(socket, ALIVE) == "SERVING"
        with (
            Client(server.address, retry_for=0) as impatient,
            pytest.raises(UnavailableError, match="the blob store failed") as caught,
        ):
            impatient.files.upload(b"x", "x")
        assert caught.value.reason == "BLOB_STORE_FAILED"
        results: list[ExecutionResult] = []
        running = threading.Thread(target=lambda: results.append(session.run(PLOT)))
        running.start()
        until(lambda: server.log.read_text().count("the blob store failed") > 1)
        faulty.come_back()
        running.join(60)
        (result,) = results
        assert result.status is ExecutionStatus.COMPLETED
        assert [len(result.images), len(result.files)] == [1, 1]
        until(lambda: probe(socket, FILES) == probe(socket, READY) == "SERVING")


def test_an_upload_that_could_not_be_stored_goes_on(
    server: ServerProcess, client: Client, faulty: FaultyS3
) -> None:
    faulty.fault("refuse", method="PUT", part="blobs/", times=5)
    data = os.urandom(2 * MIB)
    so_far: list[int] = []
    file = client.files.upload(data, "data", progress=lambda done, _all: so_far.append(done))
    assert client.files.read(file.id) == data
    assert '"code": "UNAVAILABLE"' in server.log.read_text()
    # Nothing was sent again.
    assert so_far == sorted(so_far)


def test_a_server_does_not_start_without_it(server: ServerProcess, faulty: FaultyS3) -> None:
    assert server.stop() == 0
    for fault, words in (
        ({"status": 403, "code": "AccessDenied"}, "AccessDenied"),
        ({"status": 404, "code": "NoSuchBucket"}, "NoSuchBucket"),
    ):
        faulty.fault("refuse", **fault)
        server.launch()
        assert server.wait(60) == 1
        last = server.log.read_text().splitlines()[-1]
        assert "blobs.url: s3://cellblock/" in last
        assert words in last
        faulty.clear_faults()
    server.start()
