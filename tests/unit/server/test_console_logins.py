"""Logins of the console end, and are bounded."""

import asyncio
from datetime import timedelta

import pytest

from cellblock_server.console.failures import RefusedError
from cellblock_server.console.logins import MAX_LOGINS, Logins, open_stream

TIMEOUT = timedelta(minutes=10)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def logins(clock: Clock) -> Logins:
    return Logins(TIMEOUT, with_token=True, now=clock)


def ended(logins: Logins, word: str) -> bool:
    try:
        logins.find_login(word)
    except RefusedError as refusal:
        return refusal.reason == "LOGIN_NEEDED"
    return False


def test_one_that_is_not_used_ends(logins: Logins, clock: Clock) -> None:
    word = logins.begin_login("")
    clock.now += TIMEOUT.total_seconds() - 1
    assert not ended(logins, word)
    clock.now += TIMEOUT.total_seconds() + 1
    assert ended(logins, word)


async def test_one_that_has_a_stream_open_is_used(logins: Logins, clock: Clock) -> None:
    word = logins.begin_login("")
    with open_stream(logins.find_login(word)):
        clock.now += TIMEOUT.total_seconds() + 1
        assert not ended(logins, word)


async def test_its_streams_end_with_it(logins: Logins) -> None:
    word = logins.begin_login("")

    async def streams() -> None:
        with open_stream(logins.find_login(word)):
            await asyncio.Event().wait()

    task = asyncio.ensure_future(streams())
    await asyncio.sleep(0)
    logins.end_login(word)
    with pytest.raises(asyncio.CancelledError):
        await task


def test_the_one_not_used_for_longest_makes_room(logins: Logins, clock: Clock) -> None:
    first, second = logins.begin_login("a"), logins.begin_login("b")
    clock.now += 1
    logins.find_login(first)
    for _ in range(MAX_LOGINS - 1):
        logins.begin_login("c")
    assert not ended(logins, first)
    assert ended(logins, second)


def test_there_is_a_token_only_where_no_key_is_needed(logins: Logins) -> None:
    assert logins.is_token(logins.token)
    guarded = Logins(TIMEOUT, with_token=False)
    assert not guarded.is_token("")


def test_a_key_is_not_shown(logins: Logins) -> None:
    assert "cb_secret" not in repr(logins.find_login(logins.begin_login("cb_secret")))
