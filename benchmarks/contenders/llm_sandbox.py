"""Contender llm-sandbox (PyPI), Docker backend: plain, with its pool, and interactive.

Without its set-up of a virtualenv, as it advises for images that have all that is needed.
"""

import time
from typing import TYPE_CHECKING, Any, Protocol

import docker
from docker.errors import APIError
from llm_sandbox import InteractiveSandboxSession, SandboxBackend, SandboxSession
from llm_sandbox.pool import PoolConfig, create_pool_manager

from benchmarks.contenders.base import Base
from benchmarks.contenders.cellblock import POOL_SIZE
from benchmarks.limits import CPUS, LABEL, MEMORY_BYTES, PIDS, RUN
from benchmarks.program import program

if TYPE_CHECKING:
    from benchmarks.stage import Stage

START_SECONDS = 120
STEP_SECONDS = 0.05
COPIES = 3
"""Maximum number of attempts to copy one piece of code."""
RUNTIME = {
    "network_mode": "none",
    "nano_cpus": CPUS * 10**9,
    "mem_limit": MEMORY_BYTES,
    "memswap_limit": MEMORY_BYTES,
    "pids_limit": PIDS,
    # Otherwise each container takes ten seconds to stop: its process ignores the signal.
    "init": True,
    "labels": {LABEL: RUN},
}


class Result(Protocol):
    """Result type of llm-sandbox."""

    exit_code: int
    stdout: str
    stderr: str


class Theirs(Protocol):
    """Session type of llm-sandbox."""

    def open(self) -> None:
        """Start it."""

    def close(self) -> None:
        """Stop it."""

    def run(self, code: str) -> Result:
        """Run code."""

    def copy_to_runtime(self, src: str, dest: str) -> None:
        """Copy a file of this machine into the container."""


class LlmSession:
    """Session of llm-sandbox."""

    def __init__(self, session: Theirs) -> None:
        """Open it."""
        self.session = session
        session.open()

    def execute(self, code: str) -> str:
        """Run code. No kind of session shows the value of an expression by itself."""
        result = self.session.run(program(code))
        if result.exit_code != 0:
            raise RuntimeError(f"{code}: {result.stderr}")
        return result.stdout

    def close(self) -> None:
        """Close it."""
        self.session.close()


class InteractiveSession(LlmSession):
    """Session that copies code into the container, whose reader may read it during the copy."""

    def execute(self, code: str) -> str:
        """Run code, and retry if the copy fails: a caller would do so, too, and the time counts."""
        for _failed in range(COPIES - 1):
            try:
                return super().execute(code)
            except APIError as error:
                print(f"llm-sandbox, interactive, is asked again: {error.explanation}")
        return super().execute(code)


class LlmSandbox(Base):
    """Common parts of llm-sandbox's contenders."""

    def __init__(self, stage: "Stage") -> None:
        """Begin with nothing started."""
        super().__init__(stage)
        self.options: dict[str, Any] = {
            "lang": "python",
            "image": stage.image,
            "skip_environment_setup": True,
            "runtime_configs": RUNTIME,
        }

    def start(self) -> None:
        """Connect to the engine once: otherwise each session would do so."""
        client = docker.from_env()
        self.stack.callback(client.close)
        self.options["client"] = client


class Cold(LlmSandbox):
    """Container for each session."""

    def open_session(self) -> LlmSession:
        """Start a session."""
        return LlmSession(SandboxSession(**self.options))


class Interactive(LlmSandbox):
    """Container and IPython for each session; variables stay."""

    def open_session(self) -> LlmSession:
        """Start a session."""
        session = InteractiveSandboxSession(backend=SandboxBackend.DOCKER, **self.options)
        return InteractiveSession(session)


class Pooled(LlmSandbox):
    """Sessions that take turns with the pool's containers, which are used again."""

    def start(self) -> None:
        """Fill the pool."""
        super().start()
        config = PoolConfig(min_pool_size=POOL_SIZE, max_pool_size=POOL_SIZE)
        self._pool = create_pool_manager(config=config, **self.options)
        self.stack.callback(self._pool.close)
        end = time.monotonic() + START_SECONDS
        while self._pool.get_stats()["state_counts"]["idle"] < POOL_SIZE:
            if time.monotonic() > end:
                raise TimeoutError(f"the pool of llm-sandbox is not full after {START_SECONDS} s")
            time.sleep(STEP_SECONDS)

    def open_session(self) -> LlmSession:
        """Acquire a container from the pool."""
        session = SandboxSession(pool=self._pool, lang="python")
        return LlmSession(session)
