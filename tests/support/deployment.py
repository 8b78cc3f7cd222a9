"""The containers of deploy/, run as docs/operate/docker.md says, on folders of their own."""

import http.client
import importlib.metadata
import json
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.engine import containers, docker, inspect
from tests.support.images import CORE
from tests.support.waiting import until

VERSION = importlib.metadata.version("cellblock")
SERVER_IMAGE = f"cellblock-server:{VERSION}"
PROXY_IMAGE = f"cellblock-engine-proxy:{VERSION}"
SERVER_USER, PROXY_USER = "10001", "10002"
HARDENED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--tmpfs=/tmp")
ANSWER_SECONDS = 120


@dataclass(frozen=True)
class Folders:
    """Folders that server, proxy and host share, with the same paths everywhere."""

    root: Path
    state: Path

    @property
    def engine(self) -> Path:
        return self.root / "engine"

    @property
    def socket(self) -> Path:
        """Path of the proxy's socket."""
        return self.engine / "docker.sock"


@contextmanager
def folders() -> Iterator[Folders]:
    """Create folders that belong to the containers' users; the engine removes them as root."""
    # Short: a Unix socket's path has at most 107 bytes.
    root = Path(tempfile.mkdtemp(prefix="cellblock-"))
    made = Folders(root, root / "state")
    try:
        as_root(root, "install", "-d", f"-o{SERVER_USER}", "-m0700", str(made.state))
        as_root(root, "install", "-d", f"-o{PROXY_USER}", "-m0755", str(made.engine))
        yield made
    finally:
        as_root(root, "rm", "-rf", str(made.state), str(made.engine))
        shutil.rmtree(root)


def as_root(folder: Path, *command: str) -> str:
    """Run a command on a folder as root in a container; return its output."""
    return docker(
        "run", "--rm", "--user=0", "--network=none", f"--volume={folder}:{folder}",
        f"--entrypoint={command[0]}", PROXY_IMAGE, *command[1:],
    )  # fmt: skip


@contextmanager
def proxy(own: Folders, *options: str) -> Iterator[str]:
    """Start an engine proxy that listens on `own.socket`; return its container."""
    engine = docker("context", "inspect", "--format={{.Endpoints.docker.Host}}")[7:]
    # Asked inside: a rootless engine's users have other numbers there.
    group = docker(
        "run", "--rm", "--network=none", f"--volume={engine}:/socket", "--entrypoint=stat",
        PROXY_IMAGE, "--format=%g", "/socket",
    )  # fmt: skip
    with _container(
        PROXY_IMAGE,
        *HARDENED,
        "--network=none",
        f"--group-add={group}",
        f"--volume={engine}:/var/run/docker.sock",
        f"--volume={own.engine}:/run/engine",
        f"--env=CELLBLOCK_STATE_DIR={own.state}",
        *options,
    ) as name:
        until(lambda: _answers(own), ANSWER_SECONDS)
        yield name


def _answers(own: Folders) -> bool:
    try:
        return call(own, "GET", "/version")[0] == 200
    except OSError:
        return False


def call(own: Folders, method: str, path: str, body: str | None = None) -> tuple[int, Any]:
    """Send a request to the proxy; return the status and the body, parsed if it is JSON."""
    connection = http.client.HTTPConnection("engine", timeout=ANSWER_SECONDS)
    connection.sock = socket.socket(socket.AF_UNIX)
    try:
        connection.sock.connect(str(own.socket))
        connection.request(method, path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read().decode()
        is_json = response.getheader("Content-Type", "").startswith("application/json")
        return response.status, json.loads(text) if is_json and text else text
    finally:
        connection.close()


class ServerContainer:
    """A server in a container with sandboxes beside it; can be killed and started again."""

    def __init__(self, name: str) -> None:
        self.name = name

    def healthy(self) -> bool:
        return bool(inspect(self.name)["State"]["Health"]["Status"] == "healthy")

    def wait_until_healthy(self) -> None:
        try:
            until(self.healthy, ANSWER_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"it is not healthy, and says: {self.log()}") from error

    def log(self) -> str:
        """Return all that the server has logged."""
        done = subprocess.run(
            ["docker", "logs", self.name], check=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        return done.stdout

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in its container, as its user."""
        return subprocess.run(
            ["docker", "exec", self.name, *command], check=False, capture_output=True, text=True
        )

    def neighbour(self, *command: str, text: str = "") -> str:
        """Run a command on `text` in a container with this one's network; return its output."""
        done = subprocess.run(
            ["docker", "run", "--rm", "--interactive", *HARDENED,
             f"--network=container:{self.name}", "--env=CELLBLOCK_ADDRESS=127.0.0.1:7711",
             f"--entrypoint={command[0]}", SERVER_IMAGE, *command[1:]],
            check=False, capture_output=True, text=True, input=text,
        )  # fmt: skip
        assert done.returncode == 0, (done.stdout, done.stderr, self.log())
        return done.stdout


@contextmanager
def server(own: Folders) -> Iterator[ServerContainer]:
    """Start a server in a container; its sessions end with it."""
    with _container(
        SERVER_IMAGE,
        *HARDENED,
        "--network=none",
        f"--volume={own.state}:{own.state}",
        f"--volume={own.engine}:/run/engine:ro",
        f"--env=CELLBLOCK_SERVER__STATE_DIR={own.state}",
        f"--env=CELLBLOCK_SANDBOX__IMAGE={CORE}",
        # Instead of every 30 s.
        "--health-interval=1s",
    ) as name:
        try:
            started = ServerContainer(name)
            started.wait_until_healthy()
            yield started
        finally:
            docker("stop", "--time=30", name)
            instance = own.state / "instance"
            for left in containers(as_root(own.root, "sh", "-c", f"cat {instance} || true")):
                docker("rm", "--force", "--volumes", left)


@contextmanager
def _container(image: str, *options: str) -> Iterator[str]:
    name = f"cellblock-test-{secrets.token_hex(6)}"
    with ExitStack() as stack:
        stack.callback(docker, "rm", "--force", "--volumes", name)
        docker("run", "--detach", f"--name={name}", *options, image)
        yield name
