"""Compares sandboxes under gVisor and under the engine's default runtime.

python -m benchmarks.runtimes
"""

import os
import time
from statistics import median

from benchmarks.report import Row, print_header, print_table
from benchmarks.service import INSTANCE_LABEL, Service, docker, service
from benchmarks.timing import Samples, timed
from cellblock_client.client import Session

RUNTIMES = ("runc", "runsc")
ROUNDS = 5
CALLS = 50
"""Executions of `1+1` in each round."""
SYSCALLS = """\
import os
open("/mnt/data/x", "w").close()
for _ in range(20_000): os.stat("/mnt/data/x")
"""
COMPUTING = "sum(n * n for n in range(5_000_000))"
IMPORT = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import pandas'])"
"""Import in a process of its own, because kernels have pandas loaded from their start."""


def main() -> None:
    """Measure and print."""
    os.environ["CELLBLOCK_SANDBOX__ALLOWED_RUNTIMES"] = f'["{RUNTIMES[0]}", "{RUNTIMES[1]}"]'
    print_header("benchmarks.runtimes")
    seen: dict[str, dict[str, list[float]]] = {}
    with service() as own:
        for _round in range(ROUNDS):
            # By turns, so that other load of the machine affects both.
            for runtime in RUNTIMES:
                for what, value in one_round(own, runtime).items():
                    seen.setdefault(what, {}).setdefault(runtime, []).append(value)
    rows: list[Row] = [("what", *RUNTIMES, "times")]
    for what, values in seen.items():
        plain, other = (median(values[runtime]) for runtime in RUNTIMES)
        rows.append((what, f"{plain:.1f}", f"{other:.1f}", f"{other / plain:.1f}"))
    print_table(f"Medians of {ROUNDS} rounds", rows)


def one_round(own: Service, runtime: str) -> dict[str, float]:
    """Measure one session from create to delete."""
    began = time.perf_counter()
    with own.client.sessions.create(runtime=runtime) as session:
        created = time.perf_counter() - began
        return {
            "cold create, ms": created * 1000,
            "idle memory of the container, MiB": memory(own),
            "1+1, ms": Samples([seconds(session, "1+1") for _ in range(CALLS)]).median * 1000,
            "import pandas in a fresh process, ms": seconds(session, IMPORT) * 1000,
            "20,000 stat calls, ms": seconds(session, SYSCALLS) * 1000,
            "5 million additions, ms": seconds(session, COMPUTING) * 1000,
            "session.restart(), ms": timed(session.restart) * 1000,
        }


def seconds(session: Session, code: str) -> float:
    """Return the seconds that code takes, measured by the caller."""

    def run() -> None:
        result = session.run(code)
        if result.failure is not None or result.error is not None:
            raise RuntimeError(f"{code}: {result.failure or result.error}")

    return timed(run)


def memory(own: Service) -> float:
    """Return the engine's count of the container's memory, without the page cache."""
    label = f"label={INSTANCE_LABEL}={own.instance}"
    (container,) = docker("ps", "--quiet", "--filter", label).split()
    used = docker("stats", "--no-stream", "--format", "{{.MemUsage}}", container).split()[0]
    return float(used.removesuffix("MiB"))


if __name__ == "__main__":
    main()
