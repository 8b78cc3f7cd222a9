"""Measures resources and response times of a server with ever more sessions.

python -m benchmarks.density [--sessions 200] [--image NAME]

Every number is measured with 1, 10, 50, 100, … sessions of one server; the baseline is one session.
Run it as root: memory of other users' processes is read. Writes build/bench/density.json,
which `benchmarks.density_plot` draws.
"""

import argparse
import json
import os
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import psutil

from benchmarks import sandboxes
from benchmarks.report import Row, print_header, print_table
from benchmarks.service import Service, docker, service
from benchmarks.timing import Samples, repeat, timed
from cellblock_client import Limits
from cellblock_client.client import Session

STEPS = (1, 10, 50, 100, 200, 400, 800)
OUTPUT = Path("build") / "bench" / "density.json"
POOL = 1
AT_ONCE = 4
"""Sessions that are opened, or deleted, concurrently while nothing is measured."""
CREATES, CALLS, LISTS = 5, 50, 20
"""Number of measurements of each kind at each step."""
SETTLE_SECONDS = 10
"""Seconds until new sessions are idle: kernels return memory after five."""
IDLE_SECONDS = 20
"""Seconds for which CPU time is counted without calls."""
RESERVE_BYTES = 4 * 2**30
"""Memory that stays available on the host: under it, no more sessions are opened."""
COLD = Limits(tmp_bytes=64 * 2**20)
"""Options of a session that no pooled sandbox fits."""


@dataclass(frozen=True)
class Step:
    """Results with one number of sessions. Times in ms, memory in MiB, CPU in ms per second."""

    sessions: int
    pss: float
    """Memory of one session, on average, as in the next two."""
    pss_anonymous: float
    private: float
    available: float
    """Decrease of the host's available memory per session."""
    server_pss: float
    server_files: int
    """Open file descriptors of the server."""
    server_cpu: float
    sandboxes_cpu: float
    """CPU time of all sandboxes together."""
    create_pool: float
    create_cold: float
    engine_run: float
    """Time of a bare `docker run true` of the same image: the engine's share."""
    call: float
    call_p95: float
    listing: float
    asked_once: float
    """Median of `1+1` when each session runs it once, one after the other."""
    asked_once_worst: float


@dataclass
class SessionGroup:
    """Open sessions of the measured server."""

    own: Service
    sessions: list[Session] = field(default_factory=list)

    def grow(self, size: int) -> Samples:
        """Open sessions up to a number, and return the seconds of the last cold creates."""
        there = len(self.sessions)
        last = max(size - CREATES, there)
        with ThreadPoolExecutor(AT_ONCE) as workers:
            self.sessions += workers.map(lambda _number: self._open(), range(last - there))
        return repeat(size - last, lambda: self.sessions.append(self._open()))

    def end(self) -> None:
        """Delete all sessions."""
        with ThreadPoolExecutor(AT_ONCE) as workers:
            list(workers.map(lambda session: session.delete(), self.sessions))

    def _open(self) -> Session:
        if (left := psutil.virtual_memory().available) < RESERVE_BYTES:
            raise MemoryError(
                f"{left / 2**30:.1f} GiB are left, {len(self.sessions)} sessions open"
            )
        session = self.own.client.sessions.create(limits=COLD)
        answer(session)
        return session


def main() -> None:
    """Measure and print."""
    options = _parser().parse_args()
    steps = [size for size in STEPS if size < options.sessions] + [options.sessions]
    os.environ["CELLBLOCK_SESSIONS__MAX_SESSIONS"] = str(options.sessions + CREATES)
    os.environ["CELLBLOCK_SESSIONS__IDLE_TIMEOUT"] = "3600"
    print_header("benchmarks.density")
    found: list[Step] = []
    for step in measure(steps, options.image):
        print(f"{step.sessions} sessions: measured", flush=True)
        found.append(step)
        # Results so far are kept, even if a later step fails.
        OUTPUT.parent.mkdir(parents=True, exist_ok=True)
        OUTPUT.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n")
    print_table("Many sessions", table(found))


def measure(steps: Sequence[int], image: str) -> Iterator[Step]:
    """Open ever more sessions, and yield the results of each step."""
    with ExitStack() as stack:
        own = stack.enter_context(service(POOL, image=image))
        own.until_pool_is_full()
        before = psutil.virtual_memory().available
        group = stack.enter_context(deleted_at_end(SessionGroup(own)))
        for size in steps:
            cold = group.grow(size)
            yield measure_step(group, cold, before)


@contextmanager
def deleted_at_end(group: SessionGroup) -> Iterator[SessionGroup]:
    """Delete the sessions when the block is left: a server that stops has less time for it."""
    try:
        yield group
    finally:
        group.end()


def measure_step(group: SessionGroup, cold: Samples, before: float) -> Step:
    """Measure with the sessions that are open."""
    own, sessions = group.own, group.sessions
    once = Samples([timed(partial(answer, session)) for session in sessions])
    chosen = random.Random(len(sessions))  # noqa: S311 - the same in each run
    calls = repeat(CALLS, lambda: answer(chosen.choice(sessions)))
    listing = repeat(LISTS, lambda: next(iter(own.client.sessions.list())))
    engine = repeat(CREATES, partial(bare_container, group.sessions[0].info.image))
    pooled = Samples([pooled_create(own) for _round in range(CREATES)])
    own.until_pool_is_full()
    time.sleep(SETTLE_SECONDS)
    server_cpu, sandboxes_cpu = idle_cpu(own)
    used, server = memory_of_all(own), sandboxes.memory([own.server_pid])
    # A pooled sandbox costs as much as a session does.
    kept = len(sessions) + POOL
    return Step(
        sessions=len(sessions),
        pss=used.pss / kept,
        pss_anonymous=used.pss_anonymous / kept,
        private=used.private / kept,
        available=(before - psutil.virtual_memory().available) / 2**20 / len(sessions),
        server_pss=server.pss,
        server_files=psutil.Process(own.server_pid).num_fds(),
        server_cpu=server_cpu,
        sandboxes_cpu=sandboxes_cpu,
        create_pool=pooled.median * 1000,
        create_cold=cold.median * 1000,
        engine_run=engine.median * 1000,
        call=calls.median * 1000,
        call_p95=calls.p95 * 1000,
        listing=listing.median * 1000,
        asked_once=once.median * 1000,
        asked_once_worst=max(once.values) * 1000,
    )


def bare_container(image: str) -> None:
    """Return the time of a bare container, the minimum for a cold session."""
    docker("run", "--rm", "--network=none", "--entrypoint=true", image)


def pooled_create(own: Service) -> float:
    """Return the seconds of a create that uses a pooled sandbox."""
    own.until_pool_is_full()
    began = time.perf_counter()
    session = own.client.sessions.create()
    seconds = time.perf_counter() - began
    session.delete()
    return seconds


def idle_cpu(own: Service) -> tuple[float, float]:
    """Return CPU time, in ms per second, of the server and all sandboxes without calls."""
    there, server = sandboxes.containers(own.instance), psutil.Process(own.server_pid)

    def used() -> tuple[float, float]:
        times = server.cpu_times()
        return times.user + times.system, sum(one.cpu_seconds() for one in there)

    first = used()
    began = time.monotonic()
    time.sleep(IDLE_SECONDS)
    seconds = time.monotonic() - began
    of_server, of_sandboxes = (
        (after - before) / seconds * 1000 for before, after in zip(first, used(), strict=True)
    )
    return of_server, of_sandboxes


def memory_of_all(own: Service) -> sandboxes.Memory:
    """Return the memory of all processes in all sandboxes."""
    there = sandboxes.containers(own.instance)
    return sandboxes.memory([pid for one in there for pid in one.processes()])


def answer(session: Session) -> None:
    """Run `1+1` in a session."""
    if (text := session.run("1+1").text) != "2":
        raise RuntimeError(f"session {session.id} should have answered 2: {text!r}")


def table(steps: Sequence[Step]) -> list[Row]:
    """Return a row for each number, a column for each step, and the ratio of last to first."""
    rows: list[Row] = [("", *(str(step.sessions) for step in steps), "times")]
    for name, title in TITLES.items():
        values = [getattr(step, name) for step in steps]
        rows.append((title, *(f"{value:.1f}" for value in values), f"{values[-1] / values[0]:.2f}"))
    return rows


TITLES = {
    "pss_anonymous": "memory of a session, MiB: its own",
    "pss": "… with its part of shared files",
    "private": "… of which no other process has a part",
    "available": "… by the host's MemAvailable",
    "server_pss": "memory of the server, MiB",
    "server_files": "descriptors of the server",
    "server_cpu": "CPU of the idle server, ms/s",
    "sandboxes_cpu": "CPU of all idle sandboxes, ms/s",
    "create_pool": "create from the pool, ms",
    "create_cold": "create cold with a first `1+1`, ms",
    "engine_run": "a bare `docker run true`, ms",
    "call": "`1+1` in a random session, ms",
    "call_p95": "… p95",
    "asked_once": "`1+1` in each session once, ms",
    "asked_once_worst": "… the worst",
    "listing": "ListSessions, first page, ms",
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.density")
    parser.add_argument("--sessions", type=int, default=200, help="at the end: %(default)s")
    parser.add_argument("--image", default="", help="of sandboxes; empty: the default one")
    return parser


if __name__ == "__main__":
    main()
