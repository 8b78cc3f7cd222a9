"""`import pandas, matplotlib` as the first thing in a new session; creating it is not measured."""

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.contenders import CELLBLOCK, DOCKER_EXEC, GATEWAY, LLM_INTERACTIVE, LLM_POOL, STOCK
from benchmarks.scenario import Aim, Entrant, Scenario, Step
from benchmarks.stage import Stage
from benchmarks.timing import timed

CODE = "import pandas, matplotlib.pyplot"
OF_STOCK = 0.05


def imported(name: str) -> Entrant:
    """Import in a new session of the contender in each round."""

    @contextmanager
    def entrant(stage: Stage) -> Iterator[Step]:
        contender = stage.contender(name)

        def step() -> list[float]:
            session = contender.open_session()
            try:
                return [timed(lambda: session.execute(CODE)) * 1000]
            finally:
                session.close()
                contender.settle()

        # matplotlib searches for fonts on its first run, and caches the result.
        step()
        yield step

    return entrant


SCENARIO = Scenario(
    name="imports",
    title="`import pandas, matplotlib.pyplot` in a new session",
    unit="ms",
    entrants={
        name: imported(name)
        for name in (CELLBLOCK, STOCK, GATEWAY, LLM_INTERACTIVE, LLM_POOL, DOCKER_EXEC)
    },
    baseline=STOCK,
    rounds=10,
    quick_rounds=1,
    not_quick=frozenset({LLM_INTERACTIVE, DOCKER_EXEC}),
    aims=(
        Aim(
            what="`import pandas, matplotlib` in a new session",
            text="under a twentieth of a stock kernel's",
            ours=CELLBLOCK,
            bound=OF_STOCK,
            of=STOCK,
        ),
    ),
)
