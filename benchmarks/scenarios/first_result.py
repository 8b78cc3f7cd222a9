"""Time from the creation of a session to the result of `1+1` in it."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.contenders import (
    CELLBLOCK,
    CELLBLOCK_COLD,
    DOCKER_EXEC,
    DOCKER_RUN,
    GATEWAY,
    GATEWAY_COLD,
    LLM,
    LLM_INTERACTIVE,
    LLM_POOL,
    STOCK,
)
from benchmarks.contenders.docker_commands import COMMON
from benchmarks.scenario import Aim, Entrant, Scenario, Step
from benchmarks.stage import Stage
from benchmarks.timing import timed

BARE = "docker run, import ipykernel"
POOLED_MS = 25
POOLED_OF_COLD = 0.05
COLD_OF_BARE = 1.5


def first_result(name: str) -> Entrant:
    """Open a contender's session and run `1+1`; ending the session is not measured."""

    @contextmanager
    def entrant(stage: Stage) -> Iterator[Step]:
        contender = stage.contender(name)

        def step() -> list[float]:
            began = time.perf_counter()
            session = contender.open_session()
            try:
                shown = session.execute("1+1")
                seconds = time.perf_counter() - began
            finally:
                session.close()
            if shown.strip() != "2":
                raise RuntimeError(f"{name}: 1+1 is {shown!r}")
            contender.settle()
            return [seconds * 1000]

        yield step

    return entrant


@contextmanager
def bare(stage: Stage) -> Iterator[Step]:
    """Run a container that imports ipykernel and ends; removing it is not measured."""
    name = "cellblock-bench-bare"
    command = ["docker", "run", f"--name={name}", *COMMON, stage.image, "python"]

    def step() -> list[float]:
        run = [*command, "-c", "import ipykernel"]
        try:
            return [timed(lambda: subprocess.run(run, check=True)) * 1000]
        finally:
            remove = ["docker", "rm", "--force", name]
            subprocess.run(remove, check=True, stdout=subprocess.DEVNULL)

    yield step


SCENARIO = Scenario(
    name="first-result",
    title="A new session and its first result",
    unit="ms",
    entrants={
        CELLBLOCK: first_result(CELLBLOCK),
        CELLBLOCK_COLD: first_result(CELLBLOCK_COLD),
        BARE: bare,
        DOCKER_RUN: first_result(DOCKER_RUN),
        DOCKER_EXEC: first_result(DOCKER_EXEC),
        STOCK: first_result(STOCK),
        GATEWAY: first_result(GATEWAY),
        GATEWAY_COLD: first_result(GATEWAY_COLD),
        LLM_POOL: first_result(LLM_POOL),
        LLM: first_result(LLM),
        LLM_INTERACTIVE: first_result(LLM_INTERACTIVE),
    },
    baseline=DOCKER_RUN,
    rounds=10,
    quick_rounds=2,
    not_quick=frozenset({GATEWAY_COLD, LLM_INTERACTIVE}),
    aims=(
        Aim(
            what="create a session and get its first result, from the pool",
            text="under 0.05 of the same without a pool",
            ours=CELLBLOCK,
            bound=POOLED_OF_COLD,
            of=CELLBLOCK_COLD,
        ),
        Aim(
            what="the same",
            text="under 25 ms",
            ours=CELLBLOCK,
            bound=POOLED_MS,
        ),
        Aim(
            what="cold session, no pool",
            text="within 1.5 of a bare `docker run IMAGE python -c 'import ipykernel'`",
            ours=CELLBLOCK_COLD,
            bound=COLD_OF_BARE,
            of=BARE,
        ),
    ),
)
