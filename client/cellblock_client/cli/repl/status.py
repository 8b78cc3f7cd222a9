"""Text about a session: its state, its limits, the reason of its end."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cellblock_client.cli.words import plain
from cellblock_client.types import SessionInfo

UNITS = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))
WIDTH = 12
"""Width of the column of names."""


def state_lines(info: SessionInfo) -> Iterator[str]:
    """Return lines with the session's current state and its lost variables."""
    yield _line("session", info.id)
    yield _line("state", info.state.name.lower())
    if info.thread_id:
        yield _line("thread", plain(info.thread_id))
    yield _line("kernel", f"number {info.kernel_generation}")
    if info.memory_loss is not None:
        loss = info.memory_loss
        yield _line("", f"variables were lost at {_time(loss.time)}: {plain(loss.message)}")
    yield _line("executions", info.execution_count)
    yield _line("last used", _time(info.last_use_time))
    if info.end_time is not None:
        yield _line("ended", f"{_time(info.end_time)}: {plain(info.end_message)}")
    elif info.expire_time is not None:
        yield _line("ends", f"{_time(info.expire_time)}, unless it is used")


def limit_lines(info: SessionInfo) -> Iterator[str]:
    """Return lines with the session's limits."""
    limits = info.limits
    for name, value in (
        ("memory", size(limits.memory_bytes)),
        ("CPUs", f"{limits.cpus:g}"),
        ("processes", limits.pids),
        ("/mnt/data", size(limits.data_bytes)),
        ("temporary", size(limits.tmp_bytes)),
        ("idle for", _span(info.idle_timeout)),
        ("inactive for", f"{_span(info.inactivity_limit)} without use"),
    ):
        yield _line(name, value)


def size(count: int) -> str:
    """Format a number of bytes, in the largest unit that divides it."""
    for unit, name in UNITS:
        if count >= unit:
            return f"{count / unit:.4g} {name}"
    return f"{count} bytes"


def _line(name: str, value: object) -> str:
    return f"{name:{WIDTH}}{value}"


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, name in ((3600, "h"), (60, "min")):
        if seconds and seconds % unit == 0:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"


def _time(time: datetime) -> str:
    return f"{time.astimezone():%Y-%m-%d %H:%M:%S}"
