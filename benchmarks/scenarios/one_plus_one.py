"""Time of `1+1` in an existing session: the overhead of each execution."""

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.contenders import (
    CELLBLOCK,
    DOCKER_EXEC,
    DOCKER_RUN,
    GATEWAY,
    LLM_INTERACTIVE,
    LLM_POOL,
    STOCK,
)
from benchmarks.scenario import Aim, Entrant, Scenario, Step
from benchmarks.stage import Stage
from benchmarks.timing import repeat

CALLS = 20
"""Executions in a round, for entrants that take milliseconds; others run one."""


def sums(name: str, calls: int) -> Entrant:
    """Run `1+1` repeatedly, in one session of the contender for all rounds."""

    @contextmanager
    def entrant(stage: Stage) -> Iterator[Step]:
        session = stage.contender(name).open_session()
        try:
            session.execute("1+1")
            yield lambda: [
                seconds * 1000 for seconds in repeat(calls, lambda: session.execute("1+1")).values
            ]
        finally:
            session.close()

    return entrant


SCENARIO = Scenario(
    name="one-plus-one",
    title="`1+1` in a session that is there",
    unit="ms",
    entrants={
        CELLBLOCK: sums(CELLBLOCK, CALLS),
        STOCK: sums(STOCK, CALLS),
        GATEWAY: sums(GATEWAY, CALLS),
        LLM_INTERACTIVE: sums(LLM_INTERACTIVE, 1),
        LLM_POOL: sums(LLM_POOL, 1),
        DOCKER_EXEC: sums(DOCKER_EXEC, 1),
        DOCKER_RUN: sums(DOCKER_RUN, 1),
    },
    baseline=STOCK,
    rounds=20,
    quick_rounds=5,
    aims=(
        Aim(
            what="`1+1` through the client, server, agent and kernel",
            text="no slower than stock `jupyter_client` with a local ipykernel",
            ours=CELLBLOCK,
            bound=1,
            of=STOCK,
        ),
    ),
)
