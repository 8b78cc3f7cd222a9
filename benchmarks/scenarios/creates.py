"""Sessions per second: created, used for `1+1`, and ended, by several callers without a pause.

Without a pause a pool is empty soon, and what counts is how fast sandboxes are started.
"""

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
    LLM_POOL,
    STOCK,
)
from benchmarks.scenario import Entrant, Scenario, Step
from benchmarks.stage import Stage
from benchmarks.throughput import per_second

CALLERS = 2
SECONDS = 3.0
"""Seconds of a round: longer than a pool lasts."""


def rate(name: str) -> Entrant:
    """Return the rate of sessions of a contender, with callers in parallel."""

    @contextmanager
    def entrant(stage: Stage) -> Iterator[Step]:
        contender = stage.contender(name)

        def life() -> None:
            session = contender.open_session()
            try:
                session.execute("1+1")
            finally:
                session.close()

        def step() -> list[float]:
            found = per_second([life] * CALLERS, SECONDS)
            contender.settle()
            return [found]

        yield step

    return entrant


SCENARIO = Scenario(
    name="creates",
    title=f"Sessions a second, created, used and ended by {CALLERS} concurrent callers",
    unit="/s",
    entrants={
        name: rate(name)
        for name in (
            CELLBLOCK,
            CELLBLOCK_COLD,
            DOCKER_RUN,
            DOCKER_EXEC,
            STOCK,
            GATEWAY,
            GATEWAY_COLD,
            LLM_POOL,
            LLM,
        )
    },
    baseline=DOCKER_RUN,
    rounds=3,
    quick_rounds=1,
    not_quick=frozenset({DOCKER_EXEC, GATEWAY_COLD, LLM}),
    more_is_better=True,
)
