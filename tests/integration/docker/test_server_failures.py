"""Errors of servers whose engine, store or disk fails, as in docs/reference/errors.md."""

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_hex

import pytest
from sqlalchemy import text

from cellblock_client import Client
from tests.support.databases import database_of
from tests.support.engine import docker
from tests.support.error_table import refused
from tests.support.server import ServerProcess

NewServer = Callable[..., ServerProcess]


def test_no_server() -> None:
    with Client("127.0.0.1:1") as client, refused("", status="UNAVAILABLE"):
        client.sessions.get("sess_1")


def test_no_room_for_another_session(new_server: NewServer) -> None:
    server = new_server(CELLBLOCK_SESSIONS__MAX_SESSIONS="1")
    with Client(server.address) as client, client.sessions.create(), refused("SESSION_LIMIT"):
        client.sessions.create()


def test_a_quota_that_is_used_up(new_server: NewServer) -> None:
    server = new_server(CELLBLOCK_FILES__QUOTA_BYTES="10")
    with Client(server.address) as client, refused("STORAGE_QUOTA"):
        client.files.upload(bytes(11), "large")


def test_a_disk_that_is_nearly_full(new_server: NewServer) -> None:
    server = new_server(CELLBLOCK_FILES__MIN_FREE_BYTES=str(2**60))
    with Client(server.address) as client, refused("DISK_LOW"):
        client.files.upload(b"x", "x")


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("IMAGE", "IMAGE_MISSING"),
        ("RUNTIME", "RUNTIME_MISSING"),
        ("APPARMOR", "APPARMOR_MISSING"),
    ],
)
def test_an_image_or_a_runtime_or_a_profile_that_is_not_there(
    new_server: NewServer, key: str, reason: str
) -> None:
    server = new_server(**{f"CELLBLOCK_SANDBOX__{key}": "cellblock-nothing"})
    with Client(server.address) as client, refused(reason):
        client.sessions.create()


def test_a_sandbox_that_does_not_come_up(new_server: NewServer) -> None:
    image = f"cellblock-broken:{token_hex(4)}"
    dockerfile = 'FROM cellblock-sandbox:0.1.0\nENTRYPOINT ["/bin/false"]\n'
    build = ["docker", "build", "--quiet", "--tag", image, "-"]
    subprocess.run(build, input=dockerfile, text=True, check=True, capture_output=True)
    try:
        server = new_server(CELLBLOCK_SANDBOX__IMAGE=image)
        with Client(server.address, retry_for=0) as client, refused("SANDBOX_START_FAILED"):
            client.sessions.create()
    finally:
        docker("rmi", "--force", image)


def test_an_engine_that_is_away(new_server: NewServer) -> None:
    server = new_server(DOCKER_HOST="unix:///nowhere/docker.sock")
    with Client(server.address, retry_for=0) as client, refused("ENGINE_UNREACHABLE"):
        client.sessions.create()


class Engine(ThreadingHTTPServer):
    """An engine that has nothing and makes nothing, in the words of Docker's."""

    daemon_threads = True

    def __init__(self, status: int) -> None:
        super().__init__(("127.0.0.1", 0), EngineCalls)
        self.status = status
        """A fake engine that gives a fixed answer to each request for a container."""
        self.asked, self.may_answer = threading.Event(), threading.Event()

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.server_port}"


class EngineCalls(BaseHTTPRequestHandler):
    """Requests that the engine received."""

    server: Engine

    def do_GET(self) -> None:
        one = self.path.endswith(("/version", "/info"))
        self._answer(200, {"ApiVersion": "1.44", "SecurityOptions": []} if one else [])

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.set()
        self.server.may_answer.wait()
        self._answer(self.server.status, {"message": "not today"})

    def do_DELETE(self) -> None:
        self._answer(404, {"message": "no such container"})

    def log_message(self, *_arguments: object) -> None:
        """Discard the log line."""

    def _answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def engine(status: int) -> Iterator[Engine]:
    with Engine(status) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.may_answer.set()
        made.shutdown()
        thread.join()


def test_an_engine_that_fails_and_a_session_that_is_not_ready(new_server: NewServer) -> None:
    with engine(500) as failing, ThreadPoolExecutor(1) as pool:
        server = new_server(DOCKER_HOST=failing.address)
        with Client(server.address, retry_for=0) as client:
            creation = pool.submit(client.sessions.create, session_id="sess_1")
            assert failing.asked.wait(20)
            with refused("SESSION_NOT_READY"):
                client.sessions.get("sess_1").restart()
            failing.may_answer.set()
            with refused("ENGINE_FAILED"):
                creation.result()


def test_an_engine_that_refuses(new_server: NewServer) -> None:
    with engine(400) as refusing:
        refusing.may_answer.set()
        server = new_server(DOCKER_HOST=refusing.address)
        with Client(server.address) as client, refused("ENGINE_REFUSED"):
            client.sessions.create()


@contextmanager
def changed(server: ServerProcess, change: str, back: str) -> Iterator[None]:
    """Damage the server's database while the block runs."""
    with database_of(server.state) as database:
        database.execute(text(change))
    yield
    with database_of(server.state) as database:
        database.execute(text(back))


def test_a_store_that_fails(new_server: NewServer) -> None:
    server = new_server()
    with (
        Client(server.address) as client,
        changed(server, "ALTER TABLE files RENAME TO x", "ALTER TABLE x RENAME TO files"),
        refused("STORE_FAILED"),
    ):
        client.files.get("file-nothing", timeout=5)


def test_a_server_error(new_server: NewServer) -> None:
    server = new_server()
    with Client(server.address) as client:
        file = client.files.upload(b"x", "x")
        with (
            changed(server, "UPDATE files SET purpose = 99", "DELETE FROM files"),
            refused("FAULT"),
        ):
            client.files.get(file.id)


@pytest.mark.only_blobs("folder", "test_s3.py does such harm to a bucket")
def test_what_was_stored_is_damaged(new_server: NewServer, tmp_path: Path) -> None:
    server = new_server()
    with Client(server.address) as client:
        file = client.files.upload(b"right", "x")
        blob = server.state / "blobs" / file.sha256[:2] / file.sha256[2:]
        blob.chmod(0o600)
        blob.write_bytes(b"wrong")
        with refused("FILE_DAMAGED", status="DATA_LOSS"):
            client.files.download(file.id, tmp_path / "x")
