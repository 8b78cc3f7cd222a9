"""A large file that a session is to read: until its code can."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from benchmarks.contenders import CELLBLOCK, DOCKER_EXEC, LLM_POOL
from benchmarks.contenders.cellblock import Pooled
from benchmarks.contenders.docker_commands import ExecSession
from benchmarks.memory import written_bytes
from benchmarks.scenario import Aim, Scenario, Step
from benchmarks.stage import Stage
from benchmarks.timing import timed

if TYPE_CHECKING:
    from benchmarks.contenders.llm_sandbox import LlmSession

MIB = 2**20
SIZE = 512 * MIB
INSIDE = "/sandbox/file"
OF_DOCKER_CP = 0.05
MOST_WRITTEN = MIB
"""Maximum bytes that the server writes during an attachment: more would be a copy."""
DOCKER_CP = "docker cp"


@contextmanager
def source() -> Iterator[Path]:
    """Return a file with incompressible bytes."""
    with tempfile.TemporaryDirectory(prefix="cellblock-bench-") as folder:
        path = Path(folder) / "file"
        with path.open("wb") as file:
            for _ in range(SIZE // MIB):
                file.write(os.urandom(MIB))
        yield path


@contextmanager
def attached(stage: Stage) -> Iterator[Step]:
    """Attach a file again: a tenant's first attachment, which copies it once, is not measured."""
    contender = cast("Pooled", stage.contender(CELLBLOCK))
    session = contender.open_session().session
    own = contender.service
    with source() as path:
        stored = own.client.files.upload(path)
        session.attach(stored)
        session.detach(stored.id)

    def step() -> list[float]:
        before = written_bytes(own.server_pid)
        seconds = timed(lambda: session.attach(stored))
        written = written_bytes(own.server_pid) - before
        if written > MOST_WRITTEN:
            raise RuntimeError(f"the server wrote {written} bytes to attach {SIZE}")
        session.detach(stored.id)
        return [seconds * 1000]

    try:
        yield step
    finally:
        session.delete()
        own.client.files.delete(stored.id)


@contextmanager
def docker_cp(stage: Stage) -> Iterator[Step]:
    """Run `docker cp` into a container that is kept."""
    session = cast("ExecSession", stage.contender(DOCKER_EXEC).open_session())
    try:
        with source() as path:
            command = ["docker", "cp", "--quiet", str(path), f"{session.container}:{INSIDE}"]
            yield lambda: [timed(lambda: subprocess.run(command, check=True)) * 1000]
    finally:
        session.close()


@contextmanager
def llm_sandbox(stage: Stage) -> Iterator[Step]:
    """Call `copy_to_runtime` for a container of llm-sandbox's pool."""
    session = cast("LlmSession", stage.contender(LLM_POOL).open_session())
    try:
        with source() as path:
            copy = session.session.copy_to_runtime
            yield lambda: [timed(lambda: copy(str(path), INSIDE)) * 1000]
    finally:
        session.close()


@contextmanager
def cp(stage: Stage) -> Iterator[Step]:
    """Run `cp` from one directory of this machine to another: the cost of any copy."""
    del stage
    with source() as path:
        command = ["cp", str(path), str(path.with_name("copy"))]
        yield lambda: [timed(lambda: subprocess.run(command, check=True)) * 1000]


SCENARIO = Scenario(
    name="attach",
    title=f"A file of {SIZE // MIB} MB brought into a session",
    unit="ms",
    entrants={
        "Cellblock, attach": attached,
        "cp, on the host": cp,
        DOCKER_CP: docker_cp,
        "llm-sandbox, `copy_to_runtime`": llm_sandbox,
    },
    baseline=DOCKER_CP,
    rounds=5,
    quick_rounds=0,
    aims=(
        Aim(
            what="attach a 512 MB file",
            text="no copy on the host: the server writes under 1 MiB, "
            "and it takes under 0.05 of `docker cp`",
            ours="Cellblock, attach",
            bound=OF_DOCKER_CP,
            of=DOCKER_CP,
        ),
    ),
)
