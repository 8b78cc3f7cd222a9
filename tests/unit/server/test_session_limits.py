"""Folders count as memory, and leave the kernel enough of it."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cellblock_server.common.errors import OutOfRangeError
from cellblock_server.config import Settings
from cellblock_server.config.values import GIB, MIB
from cellblock_server.sessions.limits import RESERVED_BYTES, sandbox_limits
from cellblock_server.sessions.request import NewSession

SETTINGS = Settings()
LEAST = int(SETTINGS.limits.memory_bytes.min)


def test_defaults() -> None:
    limits = sandbox_limits(NewSession(), SETTINGS)
    assert (limits.memory_bytes, limits.data_bytes) == (GIB, 512 * MIB)
    assert (limits.tmp_bytes, limits.home_bytes) == (128 * MIB, 64 * MIB)


def test_the_least_memory_has_small_folders() -> None:
    limits = sandbox_limits(NewSession(memory_bytes=LEAST), SETTINGS)
    assert (limits.data_bytes, limits.tmp_bytes, limits.home_bytes) == (
        32 * MIB,
        16 * MIB,
        16 * MIB,
    )


@given(memory=st.integers(LEAST, 8 * GIB), data=st.integers(0, 8 * GIB), tmp=st.integers(0, GIB))
def test_folders_fit_or_are_refused(memory: int, data: int, tmp: int) -> None:
    asked = [value if value >= MIB else 0 for value in (data, tmp)]
    new = NewSession(memory_bytes=memory, data_bytes=asked[0], tmp_bytes=asked[1])
    if sum(asked) > memory - RESERVED_BYTES:
        with pytest.raises(OutOfRangeError, match=r"limits\.(data|tmp)_bytes: must be at most"):
            sandbox_limits(new, SETTINGS)
        return
    try:
        limits = sandbox_limits(new, SETTINGS)
    except OutOfRangeError:
        # One that was asked for left no room for the least of another.
        assume(False)
    folders = limits.data_bytes + limits.tmp_bytes + limits.home_bytes
    assert folders <= memory - RESERVED_BYTES
    assert limits.data_bytes == (asked[0] or limits.data_bytes)
    assert min(limits.data_bytes, limits.tmp_bytes, limits.home_bytes) >= MIB


def test_what_does_not_fit_is_explained() -> None:
    new = NewSession(memory_bytes=LEAST, data_bytes=64 * MIB)
    with pytest.raises(
        OutOfRangeError, match=r"limits\.data_bytes: must be at most 33554432 with limits\.memory"
    ):
        sandbox_limits(new, SETTINGS)
