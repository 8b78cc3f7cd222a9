"""Memory of the forwarding processes while one execution prints 1 GB.

llm-sandbox is not included: it did not finish within four minutes.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import psutil

from benchmarks.contenders import (
    CELLBLOCK_COLD,
    DOCKER_EXEC,
    GATEWAY,
    STOCK,
)
from benchmarks.flooding import LINES
from benchmarks.memory import peak_mib
from benchmarks.scenario import Aim, Entrant, Scenario, Step
from benchmarks.service import docker, service
from benchmarks.stage import Stage

if TYPE_CHECKING:
    from benchmarks.contenders.kernel_gateway import SharedGateway

MB = 10**6
SIZE = 1000 * MB
FLAT_MIB = 64
"""Maximum growth in MiB: twice the text that the server stores of an execution by default."""
SERVER = "Cellblock, the server"


@contextmanager
def server(stage: Stage) -> Iterator[Step]:
    """Start a fresh server each time, because its peak memory never decreases."""

    def step() -> list[float]:
        with service(image=stage.sandbox_image) as own, own.client.sessions.create() as session:
            session.run(LINES.code(MB))
            before = peak_mib(own.server_pid)
            if not session.run(LINES.code(SIZE), time_limit=600).ok:
                raise RuntimeError("the flood did not end well")
            return [peak_mib(own.server_pid) - before]

    yield step


@contextmanager
def gateway(stage: Stage) -> Iterator[Step]:
    """Return the gateway's process. By default it drops output over 1 MB per second.

    In the container for several sessions: in one with a session's limits, its kernel holds what it
    could not send yet, and is killed for lack of memory.
    """
    contender = cast("SharedGateway", stage.contender(GATEWAY))
    init = int(docker("inspect", "--format", "{{.State.Pid}}", contender.gateway.container))
    process = psutil.Process(init).children()[0]

    def step() -> list[float]:
        session = contender.open_session()
        try:
            session.execute(LINES.code(MB))
            before = peak_mib(process.pid)
            session.execute(LINES.code(SIZE))
            return [peak_mib(process.pid) - before]
        finally:
            session.close()

    yield step


def reader(name: str) -> Entrant:
    """Return the process that runs the code and receives its output."""

    @contextmanager
    def entrant(stage: Stage) -> Iterator[Step]:
        module = [sys.executable, "-m", "benchmarks.flood_reader"]

        def step() -> list[float]:
            command = [*module, name, stage.image, stage.sandbox_image, str(MB), str(SIZE)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            return [float(done.stdout.splitlines()[-1])]

        yield step

    return entrant


SCENARIO = Scenario(
    name="flood",
    title=f"Peak memory while a session prints {SIZE // MB} MB, more than after 1 MB",
    unit="MiB",
    entrants={
        SERVER: server,
        "Cellblock, the calling process": reader(CELLBLOCK_COLD),
        "jupyter_client, the calling process": reader(STOCK),
        "Jupyter Kernel Gateway, the gateway": gateway,
        "Jupyter Kernel Gateway, the calling process": reader(GATEWAY),
        "docker exec, the calling process": reader(DOCKER_EXEC),
    },
    baseline="jupyter_client, the calling process",
    rounds=1,
    quick_rounds=0,
    aims=(
        Aim(
            what="server memory while a sandbox prints 1 GB",
            text=f"flat: under {FLAT_MIB} MiB more",
            ours=SERVER,
            bound=FLAT_MIB,
        ),
    ),
)
