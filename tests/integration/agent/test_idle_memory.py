"""An idle session returns memory that its code used and freed."""

from pathlib import Path

from tests.support.agent import RunningAgent
from tests.support.waiting import eventually

MIB = 2**20
BLOCK = 64 * MIB

GARBAGE = f"""\
import os
class Figure: pass
figure = Figure()
figure.itself, figure.pixels = figure, b"x" * {BLOCK}
# On glibc's heap: what is as large as that above has a mapping of its own.
freed = [bytes(1000) for _ in range({BLOCK} // 1000)]
last = bytes(1000)
del figure, freed
os.getpid()
"""


async def test_what_code_left_behind_is_given_back_soon(agent: RunningAgent) -> None:
    before = resident(int((await agent.run("import os; os.getpid()")).result))
    pid = int((await agent.run(GARBAGE)).result)
    assert resident(pid) > before + 2 * BLOCK
    await eventually(lambda: resident(pid) < before + BLOCK / 2)
    assert (await agent.run("len(last)")).result == "1000"


def resident(pid: int) -> int:
    """Return a process's resident memory in bytes."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = (line for line in status if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024
