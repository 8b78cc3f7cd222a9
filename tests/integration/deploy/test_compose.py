"""deploy/compose.yaml comes up with one command, runs code, and goes down without a trace."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import pytest

from tests.support.deployment import as_root
from tests.support.engine import containers, docker
from tests.support.waiting import until

FILE = Path(__file__).parents[3] / "deploy" / "compose.yaml"
HEALTHY_SECONDS = 200
SOONER = """
services:
  engine-proxy: { healthcheck: { interval: 1s } }
  server: { healthcheck: { interval: 1s } }
"""
"""Health is asked for every five seconds otherwise."""
STOP_SECONDS = 30

pytestmark = pytest.mark.skipif(
    os.getuid() != 0 and shutil.which("docker-compose") is None,
    reason="docker-compose is not installed, and only root can (make test does it)",
)


class Project:
    """One deployment, under a name of its own."""

    def __init__(self, folder: Path) -> None:
        self.name = f"cellblock-test-{token_hex(4)}"
        self.state = folder / "state"
        self._sooner = folder / "sooner.yaml"
        self._sooner.write_text(SOONER)
        socket = docker("context", "inspect", "--format={{.Endpoints.docker.Host}}")[7:]
        self._environment = {
            **os.environ,
            "DOCKER_GID": str(Path(socket).stat().st_gid),
            "DOCKER_SOCKET": socket,
            "CELLBLOCK_STATE_DIR": str(self.state),
            "CELLBLOCK_CONFIG_DIR": str(folder / "config"),
            "CELLBLOCK_PORT": "127.0.0.1:0",
        }

    def compose(self, *arguments: str, text: str = "") -> str:
        done = subprocess.run(
            ["docker-compose", f"--file={FILE}", f"--file={self._sooner}",
             f"--project-name={self.name}", *arguments],
            check=False, capture_output=True, text=True, input=text, env=self._environment,
        )  # fmt: skip
        assert done.returncode == 0, (done.stdout, done.stderr)
        return done.stdout

    def left(self) -> list[str]:
        """What the engine has of it."""
        label = f"label=com.docker.compose.project={self.name}"
        kinds = (["ps", "--all"], ["volume", "ls"], ["network", "ls"])
        return [name for kind in kinds for name in docker(*kind, "-q", "--filter", label).split()]


@contextmanager
def project(folder: Path) -> Iterator[Project]:
    made = Project(folder)
    (folder / "config").mkdir()
    (folder / "config" / "config.toml").write_text("[pool]\nsize = 0\nmax_size = 0\n")
    try:
        yield made
    finally:
        made.compose("down", "--volumes", f"--timeout={STOP_SECONDS}")
        as_root(folder, "rm", "-rf", str(made.state))


def test_up_runs_code_and_down_leaves_nothing() -> None:
    # Short: a Unix socket's path has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="cellblock-") as folder, project(Path(folder)) as one:
        one.compose("up", "--detach")
        server = one.compose("ps", "-q", "server").strip()
        try:
            until(lambda: health(server) == "healthy", HEALTHY_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"it says: {one.compose('logs', '--no-color')}") from error
        run = ("exec", "-T", "server", "cellblock", "run", "--address=127.0.0.1:7711", "-")
        assert one.compose(*run, text="print(6 * 7)") == "42\n"
        instance = as_root(one.state, "cat", str(one.state / "instance"))
    assert one.left() == []
    assert containers(instance) == []


def health(container: str) -> str:
    return docker("inspect", "--format={{.State.Health.Status}}", container)


def test_with_postgresql_it_is_well_formed(tmp_path: Path) -> None:
    (tmp_path / "password").touch()
    done = subprocess.run(
        ["docker-compose", f"--file={FILE}", f"--file={FILE.with_name('compose.postgres.yaml')}",
         "config", "--quiet"],
        check=False, capture_output=True, text=True,
        env={**os.environ, "DOCKER_GID": "0",
             "CELLBLOCK_DATABASE_PASSWORD_FILE": str(tmp_path / "password")},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
