"""How soon a session has a kernel again, against a stock kernel's boot in the same image.

python -m benchmarks.kernel_restart
"""

import json
from pathlib import Path

from benchmarks import stock_kernel
from benchmarks.report import Row, print_header, print_table
from benchmarks.service import docker, service
from benchmarks.timing import Times, repeat
from cellblock_client import FailureCause
from cellblock_client.client import Session
from cellblock_client.types import SessionInfo

ROUNDS = 20
TMPFS = ("/home/sandbox", "/mnt/data", "/tmp")  # noqa: S108 - paths in the container


def main() -> None:
    """Measure and print."""
    print_header("benchmarks.kernel_restart")
    with service() as own, own.client.sessions.create() as session:
        session.run("1")
        stock = stock_boots(session.info)
        times = {
            "stock kernel: start_kernel, wait_for_ready": stock,
            "os._exit(3) sent, to the next `1` answered": repeat(ROUNDS, lambda: die(session)),
            "session.restart()": repeat(ROUNDS, session.restart),
            "session.restart() and a `1` answered": repeat(ROUNDS, lambda: restart(session)),
        }
    rows: list[Row] = [("what", "of stock", "median ms", "p95 ms")]
    rows += [
        (
            name,
            f"{each.median / stock.median:.3f}",
            f"{each.median * 1000:.0f}",
            f"{each.p95 * 1000:.0f}",
        )
        for name, each in times.items()
    ]
    print_table(f"A kernel that answers again, {ROUNDS} times each", rows)


def die(session: Session) -> None:
    """Kill the kernel from inside, and use the one that takes its place."""
    failure = session.run("import os; os._exit(3)").failure
    if failure is None or failure.cause is not FailureCause.KERNEL_DIED:
        raise RuntimeError(f"the kernel should have died: {failure}")
    answer(session)


def restart(session: Session) -> None:
    """Restart it and use the new kernel."""
    session.restart()
    answer(session)


def answer(session: Session) -> None:
    """Have the kernel answer."""
    if (text := session.run("1").text) != "1":
        raise RuntimeError(f"the kernel should have answered 1: {text!r}")


def stock_boots(like: SessionInfo) -> Times:
    """Boot stock kernels in a container that has what a session's has."""
    printed = docker(
        "run", "--rm", "--interactive", "--network=none", "--read-only", "--cap-drop=ALL",
        "--security-opt=no-new-privileges:true",
        *(f"--tmpfs={path}:rw,nosuid,nodev,noexec,uid=1000,gid=1000,mode=0700" for path in TMPFS),
        f"--cpus={like.limits.cpus}",
        f"--memory={like.limits.memory_bytes}",
        f"--memory-swap={like.limits.memory_bytes}",
        f"--pids-limit={like.limits.pids}",
        "--entrypoint=python", like.image, "-", str(ROUNDS),
        stdin=Path(stock_kernel.__file__).read_text(),
    )  # fmt: skip
    return Times(json.loads(printed))


if __name__ == "__main__":
    main()
