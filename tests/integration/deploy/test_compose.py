"""deploy/compose.yaml starts with one command, runs code, and stops without leftovers."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import pytest

from tests.support.deployment import SERVER_IMAGE, as_root
from tests.support.engine import containers, docker
from tests.support.waiting import until

FILE = Path(__file__).parents[3] / "deploy" / "compose.yaml"
WITH_POSTGRESQL = FILE.with_name("compose.postgres.yaml")
POSTGRESQL = Path(__file__).parent / "postgresql"
HEALTHY_SECONDS = 200
SOONER = """
services:
  engine-proxy: { healthcheck: { interval: 1s } }
  server: { healthcheck: { interval: 1s } }
"""
"""Health is asked for every five seconds otherwise."""
STOP_SECONDS = 30
BASE_LABEL = "org.opencontainers.image.base.name"

pytestmark = pytest.mark.skipif(
    os.getuid() != 0 and shutil.which("docker-compose") is None,
    reason="docker-compose is not installed, and only root can (make test does it)",
)


class Project:
    """One deployment, under a name of its own."""

    def __init__(self, folder: Path, files: list[Path], environment: dict[str, str]) -> None:
        self.name = f"cellblock-test-{token_hex(4)}"
        self.state = folder / "state"
        sooner = folder / "sooner.yaml"
        sooner.write_text(SOONER)
        self._files = [f"--file={file}" for file in (*files, sooner)]
        socket = docker("context", "inspect", "--format={{.Endpoints.docker.Host}}")[7:]
        self._environment = {
            **os.environ,
            "DOCKER_GID": str(Path(socket).stat().st_gid),
            "DOCKER_SOCKET": socket,
            "CELLBLOCK_STATE_DIR": str(self.state),
            "CELLBLOCK_CONFIG_DIR": str(folder / "config"),
            "CELLBLOCK_PORT": "127.0.0.1:0",
            **environment,
        }

    def compose(self, *arguments: str, text: str = "") -> str:
        done = subprocess.run(
            ["docker-compose", *self._files, f"--project-name={self.name}", *arguments],
            check=False, capture_output=True, text=True, input=text, env=self._environment,
        )  # fmt: skip
        assert done.returncode == 0, (done.stdout, done.stderr)
        return done.stdout

    def left(self) -> list[str]:
        """Return ids of the project's containers, volumes and networks."""
        label = f"label=com.docker.compose.project={self.name}"
        kinds = (["ps", "--all"], ["volume", "ls"], ["network", "ls"])
        return [name for kind in kinds for name in docker(*kind, "-q", "--filter", label).split()]


@contextmanager
def project(*files: Path, **environment: str) -> Iterator[Project]:
    """A deployment that is up and healthy; nothing is left of it afterwards."""
    # Short: a Unix socket's path has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="cellblock-") as name:
        folder = Path(name)
        # The database's user reads its password there.
        folder.chmod(0o755)
        (folder / "password").write_text(token_hex())
        (folder / "config").mkdir()
        (folder / "config" / "config.toml").write_text("[pool]\nsize = 0\nmax_size = 0\n")
        secret = {"CELLBLOCK_DATABASE_PASSWORD_FILE": str(folder / "password")}
        made = Project(folder, [FILE, *files], secret | environment)
        try:
            made.compose("up", "--detach")
            until_healthy(made)
            yield made
        finally:
            made.compose("down", "--volumes", f"--timeout={STOP_SECONDS}")
            as_root(folder, "rm", "-rf", str(made.state))
    assert made.left() == []


def until_healthy(one: Project) -> None:
    server = one.compose("ps", "-q", "server").strip()
    try:
        until(lambda: health(server) == "healthy", HEALTHY_SECONDS)
    except AssertionError as error:
        raise AssertionError(f"it says: {one.compose('logs', '--no-color')}") from error


def health(container: str) -> str:
    return docker("inspect", "--format={{.State.Health.Status}}", container)


def answer(one: Project) -> str:
    """Run code in the server's container and return its output."""
    run = ("exec", "-T", "server", "cellblock", "run", "--address=127.0.0.1:7711", "-")
    return one.compose(*run, text="print(6 * 7)")


def test_up_runs_code_and_down_leaves_nothing() -> None:
    with project() as one:
        assert answer(one) == "42\n"
        instance = as_root(one.state, "cat", str(one.state / "instance"))
    assert containers(instance) == []


@pytest.fixture
def postgres_image() -> Iterator[str]:
    base = docker("inspect", f'--format={{{{index .Config.Labels "{BASE_LABEL}"}}}}', SERVER_IMAGE)
    name = f"cellblock-test-postgres:{token_hex(4)}"
    build = ("build", "--quiet", "--network=host", f"--build-arg=BASE={base}", f"--tag={name}")
    docker(*build, str(POSTGRESQL))
    try:
        yield name
    finally:
        docker("rmi", "--force", name)


@pytest.mark.timeout(400)
def test_with_postgresql_the_database_is_used(postgres_image: str) -> None:
    with project(WITH_POSTGRESQL, POSTGRES_IMAGE=postgres_image) as one:
        assert answer(one) == "42\n"
        count = ("psql", "--username=cellblock", "--tuples-only", "--no-align")
        query = "--command=SELECT count(*) FROM executions"
        assert one.compose("exec", "-T", "database", *count, query) == "1\n"
        assert as_root(one.state, "find", str(one.state), "-name", "*.db*") == ""
