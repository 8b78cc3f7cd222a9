"""A REPL's session: created, continued, kept, ended."""

from pathlib import Path

import pytest

from cellblock_client import Client
from tests.integration.repl.conftest import Repl
from tests.support.screen import CTRL_D, ENTER, at_a_terminal


def state_of(user: Client, session_id: str) -> str:
    return user.sessions.get(session_id).info.state.name


@pytest.mark.parametrize("keys", [CTRL_D, f"exit(){ENTER}"])
def test_a_new_session_ends_with_the_repl(repl: Repl, user: Client, keys: str) -> None:
    screen = repl()
    screen.type(keys)
    assert screen.exit_code() == 0
    assert state_of(user, screen.session_id) == "DELETED"


def test_a_new_session_can_be_kept(repl: Repl, user: Client) -> None:
    screen = repl("--keep")
    session_id = screen.session_id
    screen.type(CTRL_D)
    assert screen.exit_code() == 0
    assert f"the session is still alive: cellblock repl {session_id}" in screen.text
    assert state_of(user, session_id) == "READY"
    user.sessions.get(session_id).delete()


def test_an_existing_session_is_shown_continued_and_kept(repl: Repl, user: Client) -> None:
    with user.sessions.create(thread_id="thread_seven") as session:
        session.run("import os; os._exit(1)")
        session.run("x = 42")
        screen = repl(session.id)
        for part in ("thread_seven", "executions  2", "memory      1 GiB", "variables were lost"):
            assert part in screen.text
        screen.enter("x")
        assert "\n42\n" in screen.text
        screen.type(CTRL_D)
        assert screen.exit_code() == 0
        assert state_of(user, session.id) == "READY"


def test_an_ended_session_is_reported_with_the_reason(
    address: str, user: Client, tmp_path: Path
) -> None:
    session = user.sessions.create()
    session.delete()
    arguments = ("repl", "--address", address, session.id)
    with at_a_terminal(*arguments, folder=tmp_path) as screen:
        assert screen.exit_code() == 3
        assert "deleted on request" in screen.text


def test_a_session_that_ends_meanwhile_is_reported_with_the_reason(
    repl: Repl, user: Client
) -> None:
    screen = repl()
    user.sessions.get(screen.session_id).delete()
    screen.type("1 + 1" + ENTER)
    assert screen.exit_code() == 3
    assert "deleted on request" in screen.text
    assert "Traceback" not in screen.text


def test_a_session_that_ends_while_code_runs_is_reported_with_the_reason(
    repl: Repl, user: Client
) -> None:
    screen = repl()
    screen.type("print('g' + 'o'); import time; time.sleep(60)" + ENTER)
    screen.wait_for("\ngo")
    user.sessions.get(screen.session_id).delete()
    assert screen.exit_code() == 3
    assert "the session ended: deleted on request" in screen.text
