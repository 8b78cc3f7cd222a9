"""Limits of a session's sandbox: those requested, within the operator's bounds.

Folders are in memory and count as the sandbox's memory. Together with an idle session they must fit
into it: a full folder must give the code ENOSPC, and never use up the kernel's memory.
"""

from typing import Any

from cellblock_server.backends.sandbox import Overhead, SandboxLimits, SandboxSpec
from cellblock_server.common.errors import OutOfRangeError
from cellblock_server.config import Settings
from cellblock_server.config.values import MIB, Bounded
from cellblock_server.sessions.request import NewSession

RESERVED_BYTES = 192 * MIB
"""Memory of the agent, an idle kernel (146 MB, measured), and the folders' inodes."""
SMALL_SHARE = 4
"""Divisor: `/tmp` and home each get at most this part of the remaining memory by default."""


def sandbox_spec(wanted: NewSession, settings: Settings, sandbox_id: str) -> SandboxSpec:
    """Return the specification of a session's sandbox. Raises what `sandbox_limits` raises."""
    runtime = wanted.runtime or settings.sandbox.runtime
    return SandboxSpec(
        id=sandbox_id,
        image=wanted.image or settings.sandbox.image,
        runtime=runtime,
        limits=sandbox_limits(wanted, settings),
        overhead=_overhead(runtime, settings),
        has_egress=(wanted.network or settings.sandbox.network) == "proxy",
    )


def sandbox_limits(wanted: NewSession, settings: Settings) -> SandboxLimits:
    """Return the sandbox's limits. Raises OutOfRangeError past the operator's bounds.

    With little memory, a folder's default size is reduced; a requested size is not.
    """
    bounds = settings.limits
    memory = int(_bounded("memory_bytes", wanted.memory_bytes, bounds.memory_bytes))
    room = max(0, memory - RESERVED_BYTES)
    home = min(int(bounds.home_bytes), room // SMALL_SHARE)
    tmp = int(_bounded("tmp_bytes", wanted.tmp_bytes, bounds.tmp_bytes))
    if not wanted.tmp_bytes:
        tmp = max(int(bounds.tmp_bytes.min), min(tmp, room // SMALL_SHARE))
    data = int(_bounded("data_bytes", wanted.data_bytes, bounds.data_bytes))
    if not wanted.data_bytes:
        data = max(int(bounds.data_bytes.min), min(data, room - home - tmp))
    for name, value, others in (("tmp_bytes", tmp, home), ("data_bytes", data, home + tmp)):
        if value > room - others:
            raise OutOfRangeError(
                f"limits.{name}",
                f"must be at most {max(0, room - others)} with limits.memory_bytes of {memory}: "
                f"files in it count as memory, and {RESERVED_BYTES + others} are for the rest; "
                f"got {value}",
            )
    return SandboxLimits(
        memory_bytes=memory,
        cpus=_bounded("cpus", wanted.cpus, bounds.cpus),
        pids=int(_bounded("pids", wanted.pids, bounds.pids)),
        data_bytes=data,
        tmp_bytes=tmp,
        home_bytes=home,
        open_files=bounds.open_files,
        file_bytes=int(bounds.file_bytes),
    )


def _overhead(runtime: str, settings: Settings) -> Overhead:
    needs = settings.sandbox.runtime_overhead.get(runtime)
    return Overhead() if needs is None else Overhead(int(needs.memory_bytes), needs.pids)


def _bounded(name: str, value: float, bounds: Bounded[Any]) -> float:
    if value == 0:
        return float(bounds.default)
    if not bounds.min <= value <= bounds.max:
        raise OutOfRangeError(
            f"limits.{name}", f"must be {bounds.min} to {bounds.max}, got {value}"
        )
    return value
