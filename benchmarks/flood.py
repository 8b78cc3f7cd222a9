"""Measures the cost of endless output for the server, the agent, and another session.

python -m benchmarks.flood
"""

import time
from dataclasses import dataclass

from benchmarks import flooding
from benchmarks.flooding import BLOCKS, LINES, TINY, Flood
from benchmarks.memory import peak_mib
from benchmarks.report import Row, print_header, print_table
from benchmarks.service import Service, service
from benchmarks.timing import Samples, repeat
from cellblock_client.client import Session
from cellblock_client.events import OutputCut

MB = 10**6
ROUNDS = 200
SIZES = {LINES: (64 * MB, 1000 * MB), BLOCKS: (64 * MB, 1000 * MB), TINY: (8 * MB,)}
"""Sizes of output: a million tiny lines are 8 MB; 64 MB fill every buffer and show leaks."""
COMPUTE = """
print("begun", flush=True)
for _ in range(10**9):
    pass
"""
NEIGHBOURS = {
    "computes, prints nothing": COMPUTE,
    "prints 1 MB, again and again": LINES.code(MB),
    **{f"floods: {flood.name}": flood.code(1000 * MB) for flood in SIZES},
}


@dataclass(frozen=True)
class Peaks:
    """Peak memory of processes so far, in MiB, from the kernel's own record."""

    server: float
    agent: float

    @classmethod
    def until_now(cls, server_pid: int, agent_pid: int) -> "Peaks":
        """Return the peaks of these two processes."""
        return cls(peak_mib(server_pid), peak_mib(agent_pid))


def main() -> None:
    """Measure and print."""
    print_header("benchmarks.flood")
    memory: list[Row] = [("one execution prints", "MB", "seconds", "server +MiB", "agent +MiB")]
    for flood, sizes in SIZES.items():
        memory += measure_memory(flood, sizes)
    print_table("Peak memory, more than the same session's when it had printed 1 MB", memory)
    neighbour: list[Row] = [("the other session", "median", "p95", "quiet, ms", "quiet p95, ms")]
    with service() as own:
        neighbour += [measure_neighbour(own, name, code) for name, code in NEIGHBOURS.items()]
    print_table(f"`1+1` {ROUNDS} times, as a multiple of the same without the other", neighbour)


def measure_memory(flood: Flood, sizes: tuple[int, ...]) -> list[Row]:
    """Return a row for each size, of one session on a server of its own."""
    rows: list[Row] = []
    with service() as own, own.client.sessions.create() as session:
        agent_pid = own.only_agent_pid()
        print_through(session, flood, MB)
        base = Peaks.until_now(own.server_pid, agent_pid)
        for size in sizes:
            seconds = print_through(session, flood, size)
            peaks = Peaks.until_now(own.server_pid, agent_pid)
            growth = (peaks.server - base.server, peaks.agent - base.agent)
            rows.append(
                (flood.name, f"{size // MB}", f"{seconds:.1f}", *(f"{mib:.1f}" for mib in growth))
            )
    return rows


def measure_neighbour(own: Service, name: str, code: str) -> Row:
    """Measure the response times of a session while another one runs `code`."""
    with own.client.sessions.create() as session, own.client.sessions.create() as other:
        before = time_sums(session, ROUNDS // 2)
        with flooding.running(own.client.address, other, code):
            disturbed = time_sums(session, ROUNDS)
        # Half of it afterwards, because the machine's load changes meanwhile.
        quiet = Samples(before.values + time_sums(session, ROUNDS // 2).values)
    return (
        name,
        f"{disturbed.median / quiet.median:.1f} x",
        f"{disturbed.p95 / quiet.p95:.1f} x",
        f"{quiet.median * 1000:.1f}",
        f"{quiet.p95 * 1000:.1f}",
    )


def time_sums(session: Session, rounds: int) -> Samples:
    """Measure times of `1+1`."""
    session.run("1+1")
    return repeat(rounds, lambda: session.run("1+1"))


def print_through(session: Session, flood: Flood, size: int) -> float:
    """Return the seconds to print `size` bytes, and account for every byte."""
    began = time.perf_counter()
    result = session.run(flood.code(size), time_limit=flooding.RUN_SECONDS)
    seconds = time.perf_counter() - began
    omitted = sum(event.omitted_bytes for event in result.events if isinstance(event, OutputCut))
    if not result.ok or len(result.stdout) + omitted != size:
        raise RuntimeError(f"{len(result.stdout)} + {omitted} of {size} bytes: {result.failure}")
    return seconds


if __name__ == "__main__":
    main()
