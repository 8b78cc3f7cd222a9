"""Where the time of `1+1` goes: processor time of each process on its way, and of a stock kernel.

python -m benchmarks.shares [--rounds 300]

Ours and the baseline take turns, a hundred executions each; run it as root, in the virtualenv of
`make bench`. Processor time depends less on what else the machine does than time does.
"""

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import psutil

from benchmarks.contenders.stock_kernel import StockSession
from benchmarks.report import Row, print_header, print_table
from benchmarks.service import service

TURN = 100
WARM = 20


@dataclass
class Shares:
    """What was seen of one contender. Seconds."""

    run: Callable[[], object]
    processes: Mapping[str, psutil.Process]
    times: list[float] = field(default_factory=list)
    used: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def turn(self, rounds: int) -> None:
        """Run so often, and add what it took."""
        before = {name: _cpu(process) for name, process in self.processes.items()}
        for _round in range(rounds):
            began = time.perf_counter()
            self.run()
            self.times.append(time.perf_counter() - began)
        for name, process in self.processes.items():
            self.used[name] += _cpu(process) - before[name]

    def rows(self, name: str) -> list[Row]:
        """Milliseconds of one execution."""
        count = len(self.times)
        median = statistics.median(self.times) * 1000
        return [
            (f"{name}: time, median", f"{median:.2f}"),
            ("· processor time", f"{sum(self.used.values()) / count * 1000:.2f}"),
            *((f"· · {who}", f"{used / count * 1000:.2f}") for who, used in self.used.items()),
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
    print_table("`1+1`, ms", [("", "ms"), *ours.rows("Cellblock"), *theirs.rows("stock kernel")])


def _kernel(agent: psutil.Process) -> psutil.Process:
    """The one that the fork server has forked: the grandchild."""
    (fork_server,) = agent.children()
    (kernel,) = fork_server.children()
    return kernel


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    main()
