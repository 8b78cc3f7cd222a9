"""Measures the processor time of `1+1` in each process involved, and in a stock kernel.

python -m benchmarks.shares [--rounds 300]

Ours and the baseline take turns, a hundred executions each; run it as root, in the virtualenv of
`make bench`. Processor time depends less on what else the machine does than time does, and how
often threads wait for others not at all. What one such hand-over takes is measured beside them: a
byte to another process and back, halved.
"""

import argparse
import multiprocessing
import re
import socket
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.contenders.stock_kernel import StockSession
from benchmarks.report import Row, print_header, print_table
from benchmarks.service import service

TURN = 100
WARM = 20
HAND_OVERS = 2000
WAITED = re.compile(r"^voluntary_ctxt_switches:\s+(\d+)$", re.MULTILINE)


@dataclass
class Used:
    """Resources used by one process."""

    cpu: float = 0.0
    """CPU time in seconds."""
    waits: int = 0
    """Number of times that a thread waited for another one or for a timer."""

    @classmethod
    def by(cls, process: psutil.Process) -> "Used":
        """Return the resources used until now."""
        times = process.cpu_times()
        threads = Path(f"/proc/{process.pid}/task").glob("*/status")
        waited = (WAITED.search(thread.read_text()) for thread in threads)
        return cls(times.user + times.system, sum(int(found[1]) for found in waited if found))

    def add(self, before: "Used", after: "Used") -> None:
        """Add the resources used between two measurements."""
        self.cpu += after.cpu - before.cpu
        self.waits += after.waits - before.waits


@dataclass
class Shares:
    """Measurements of one contender, in seconds."""

    run: Callable[[], object]
    processes: Mapping[str, psutil.Process]
    times: list[float] = field(default_factory=list)
    used: dict[str, Used] = field(default_factory=lambda: defaultdict(Used))

    def turn(self, rounds: int) -> None:
        """Run the given number of executions, and add their cost."""
        before = {name: Used.by(process) for name, process in self.processes.items()}
        for _round in range(rounds):
            began = time.perf_counter()
            self.run()
            self.times.append(time.perf_counter() - began)
        for name, process in self.processes.items():
            self.used[name].add(before[name], Used.by(process))

    def rows(self, name: str) -> list[Row]:
        """Return rows for one execution: milliseconds, and waits."""
        count = len(self.times)
        median = statistics.median(self.times) * 1000
        parts = self.used.items()
        cpu = sum(used.cpu for _who, used in parts) / count * 1000
        waits = sum(used.waits for _who, used in parts) / count
        return [
            (f"{name}: time, median", f"{median:.2f}", ""),
            ("· processor time", f"{cpu:.2f}", f"{waits:.1f}"),
            *(
                (f"· · {who}", f"{used.cpu / count * 1000:.2f}", f"{used.waits / count:.1f}")
                for who, used in parts
            ),
        ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.shares", description=__doc__)
    parser.add_argument("--rounds", type=int, default=300, metavar="N")
    rounds = parser.parse_args().rounds
    print_header("benchmarks.shares")
    caller = psutil.Process()
    with service() as own, own.client.sessions.create() as session:
        agent = psutil.Process(own.only_agent_pid())
        session.run("1+1")
        kernel = _kernel(agent)
        stock = StockSession()
        try:
            ours = Shares(
                lambda: session.run("1+1"),
                {
                    "client": caller,
                    "server": psutil.Process(own.server_pid),
                    "agent": agent,
                    "kernel": kernel,
                },
            )
            theirs = Shares(
                lambda: stock.execute("1+1"), {"client": caller, "kernel": stock.process}
            )
            for each in (ours, theirs):
                for _round in range(WARM):
                    each.run()
            for _turn in range(max(1, rounds // TURN)):
                for each in (ours, theirs):
                    each.turn(TURN)
        finally:
            stock.close()
    rows = [*ours.rows("Cellblock"), *theirs.rows("stock kernel")]
    hand_over = ("to wake another process", f"{_hand_over() * 1000:.3f}", "")
    print_table("`1+1`", [("", "ms", "waits"), *rows, hand_over])


def _kernel(agent: psutil.Process) -> psutil.Process:
    """Return the kernel that the fork server has forked: the grandchild."""
    (fork_server,) = agent.children()
    (kernel,) = fork_server.children()
    return kernel


def _hand_over() -> float:
    """Return the seconds until a sleeping process has a byte from another one."""
    ours, theirs = socket.socketpair()
    process = multiprocessing.get_context("fork").Process(target=_echo, args=(theirs, ours))
    process.start()
    theirs.close()
    times = []
    for _round in range(HAND_OVERS):
        began = time.perf_counter()
        ours.sendall(b".")
        ours.recv(1)
        times.append(time.perf_counter() - began)
    ours.close()
    process.join()
    return statistics.median(times) / 2


def _echo(end: socket.socket, other: socket.socket) -> None:
    other.close()
    while data := end.recv(1):
        end.sendall(data)


if __name__ == "__main__":
    main()
