"""Time until a fresh kernel replaces one whose files stay."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from benchmarks.contenders import CELLBLOCK, GATEWAY, STOCK
from benchmarks.contenders.cellblock import CellblockSession
from benchmarks.contenders.contender import RestartableSession
from benchmarks.scenario import Aim, Entrant, Scenario, Step
from benchmarks.stage import Stage
from benchmarks.timing import timed
from cellblock_client import FailureCause

BOOT = "jupyter_client, boot of a kernel"
ALONE = "Cellblock, `restart()`"
DEATH = "Cellblock, `os._exit(3)` to `1+1`"
OF_BOOT = 0.1


@contextmanager
def boot(stage: Stage) -> Iterator[Step]:
    """Call `start_kernel` and `wait_for_ready`, on this machine."""
    contender = stage.contender(STOCK)

    def step() -> list[float]:
        kernels = []
        seconds = timed(lambda: kernels.append(contender.open_session()))
        kernels[0].close()
        return [seconds * 1000]

    yield step


def restarted(name: str, *, answer: bool) -> Entrant:
    """Restart the kernel of a session and, with `answer`, run `1+1` in the fresh one."""

    @contextmanager
    def entrant(stage: Stage) -> Iterator[Step]:
        session = cast("RestartableSession", stage.contender(name).open_session())

        def turn() -> None:
            session.restart()
            if answer:
                session.execute("1+1")

        try:
            turn()
            yield lambda: [timed(turn) * 1000]
        finally:
            session.close()

    return entrant


@contextmanager
def death(stage: Stage) -> Iterator[Step]:
    """Let a kernel end itself, and run code in the one that replaces it."""
    opened = cast("CellblockSession", stage.contender(CELLBLOCK).open_session())

    def turn() -> None:
        failure = opened.session.run("import os; os._exit(3)").failure
        if failure is None or failure.cause is not FailureCause.KERNEL_DIED:
            raise RuntimeError(f"the kernel should have died: {failure}")
        opened.execute("1+1")

    try:
        turn()
        yield lambda: [timed(turn) * 1000]
    finally:
        opened.close()


SCENARIO = Scenario(
    name="restart",
    title="A fresh kernel in the same session",
    unit="ms",
    entrants={
        ALONE: restarted(CELLBLOCK, answer=False),
        "Cellblock, `restart()` to `1+1`": restarted(CELLBLOCK, answer=True),
        DEATH: death,
        BOOT: boot,
        "jupyter_client, `restart_kernel` to `1+1`": restarted(STOCK, answer=True),
        "Jupyter Kernel Gateway, restart to `1+1`": restarted(GATEWAY, answer=True),
    },
    baseline=BOOT,
    rounds=10,
    quick_rounds=3,
    aims=(
        Aim(
            what="kernel restart",
            text="under a tenth of a stock kernel's boot",
            ours=ALONE,
            bound=OF_BOOT,
            of=BOOT,
        ),
    ),
)
