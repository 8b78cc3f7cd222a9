"""The `docker` command itself: a container for each piece of code, or one that is kept."""

from benchmarks.contenders.base import Base
from benchmarks.limits import DOCKER_OPTIONS
from benchmarks.program import program
from benchmarks.service import docker

COMMON = ("--network=none", "--entrypoint=", *DOCKER_OPTIONS)


class Run(Base):
    """`docker run --rm` each time: nothing stays."""

    def open_session(self) -> "RunSession":
        """Nothing is started yet: each piece of code has its own container."""
        return RunSession(self.stage.image)


class RunSession:
    """Containers that run one piece of code."""

    def __init__(self, image: str) -> None:
        """Run them from this image."""
        self._image = image

    def execute(self, code: str) -> str:
        """Start a container, run code, remove it."""
        command = ("run", "--rm", *COMMON, self._image, "python", "-c", program(code))
        return docker(*command)

    def close(self) -> None:
        """Nothing is left."""


class Exec(Base):
    """`docker exec` in a container of the session's: files stay, variables do not."""

    def open_session(self) -> "ExecSession":
        """Start its container."""
        return ExecSession(self.stage.image)


class ExecSession:
    """A container that waits for commands."""

    def __init__(self, image: str) -> None:
        """Start it."""
        options = ("--detach", "--rm", "--init", *COMMON)
        self.container = docker("run", *options, image, "sleep", "infinity")

    def execute(self, code: str) -> str:
        """Start an interpreter in it."""
        return docker("exec", self.container, "python", "-c", program(code))

    def close(self) -> None:
        """Remove the container."""
        docker("kill", self.container)
