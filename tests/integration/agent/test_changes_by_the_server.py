"""Renames and permissions that the server asks for are not reported as the code's."""

import pytest

from tests.support.agent import RunningAgent

pytestmark = pytest.mark.slow


async def test_a_change_of_mode_by_the_server_is_not_the_codes(agent: RunningAgent) -> None:
    await agent.run("open('a', 'w').write('1')")
    await agent.connection.set_file_mode("a", 0o600)
    await agent.connection.move_file("a", "b", overwrite=False)
    shown = await agent.run("1")
    assert not shown.end.changes.changed
    assert not shown.end.changes.deleted
