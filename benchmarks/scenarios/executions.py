"""Executions of `1+1` per second, by several sessions in parallel."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from benchmarks.contenders import (
    CELLBLOCK,
    DOCKER_EXEC,
    DOCKER_RUN,
    GATEWAY,
    LLM_INTERACTIVE,
    LLM_POOL,
    STOCK,
)
from benchmarks.scenario import Entrant, Scenario, Step
from benchmarks.stage import Stage
from benchmarks.throughput import per_second

SESSIONS = 4
SECONDS = 2.0
"""Seconds of a round."""


def rate(name: str) -> Entrant:
    """Return the rate of executions of a contender's sessions in parallel."""

    @contextmanager
    def entrant(stage: Stage) -> Iterator[Step]:
        contender = stage.contender(name)
        with ExitStack() as stack:
            sessions = []
            for _number in range(SESSIONS):
                sessions.append(contender.open_session())
                stack.callback(sessions[-1].close)
                sessions[-1].execute("1+1")
            turns = [partial(session.execute, "1+1") for session in sessions]
            yield lambda: [per_second(turns, SECONDS)]

    return entrant


SCENARIO = Scenario(
    name="executions",
    title=f"Executions a second, by {SESSIONS} concurrent sessions",
    unit="/s",
    entrants={
        name: rate(name)
        for name in (
            CELLBLOCK,
            STOCK,
            GATEWAY,
            LLM_INTERACTIVE,
            LLM_POOL,
            DOCKER_EXEC,
            DOCKER_RUN,
        )
    },
    baseline=STOCK,
    rounds=3,
    quick_rounds=1,
    not_quick=frozenset({LLM_INTERACTIVE, DOCKER_RUN}),
    more_is_better=True,
)
