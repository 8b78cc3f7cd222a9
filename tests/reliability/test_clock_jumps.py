"""Jumps of the wall clock by days: sessions neither end by them nor live forever."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cellblock_client import Client, SessionState
from tests.support import jumping_server
from tests.support.server import ServerProcess
from tests.support.waiting import until

DAYS = timedelta(days=2)
IDLE = timedelta(minutes=5)
NEARLY = timedelta(minutes=2)


def set_ahead(file: Path, ahead: timedelta) -> None:
    """Write the file by renaming, as the server may be reading it."""
    fresh = file.with_suffix(".new")
    fresh.write_text(str(ahead.total_seconds()))
    fresh.replace(file)


@pytest.mark.parametrize("jump", [DAYS, -DAYS])
def test_clock_jumps_do_not_change_session_lifetimes(
    lasting_server: Callable[..., ServerProcess], tmp_path: Path, jump: timedelta
) -> None:
    ahead = tmp_path / "ahead"
    set_ahead(ahead, timedelta(0))
    server = lasting_server(
        command=[sys.executable, jumping_server.__file__], WALL_CLOCK_AHEAD=str(ahead)
    )

    def expires_as_before() -> bool:
        info = session.refresh()
        expected = datetime.now(UTC) + timedelta(seconds=float(ahead.read_text())) + IDLE
        assert info.expire_time is not None
        return info.state is SessionState.READY and abs(info.expire_time - expected) < NEARLY

    with Client(server.address) as client:
        session = client.sessions.create(idle_timeout=IDLE)
        brief = client.sessions.create(idle_timeout=3)
        assert expires_as_before()
        set_ahead(ahead, jump)
        # Time still passes: what is idle ends, and nothing else does.
        until(lambda: brief.refresh().state is SessionState.EXPIRED)
        assert expires_as_before()
        # The same holds for a server that was started after the jump.
        server.kill()
        server.start()
        brief = client.sessions.create(idle_timeout=0.5)
        until(lambda: brief.refresh().state is SessionState.EXPIRED)
        assert expires_as_before()
        ended = session.delete()
        assert ended.end_time is not None
        assert abs(ended.end_time - ended.create_time) < IDLE
