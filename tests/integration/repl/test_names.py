"""Completion and explanation of names, as the session's kernel knows them."""

from cellblock_client import Client
from tests.integration.repl.conftest import Repl
from tests.support.screen import CTRL_C, ENTER, F1, TAB


def test_tab_completes_names_of_the_session(repl: Repl) -> None:
    screen = repl()
    screen.enter("unusual_name = 'x'")
    screen.type(f"unusual_na{TAB}")
    screen.wait_for_line(">>> unusual_name")
    screen.type(f".swapc{TAB}")
    screen.wait_for_line(">>> unusual_name.swapcase")
    screen.type(f"(){ENTER}")
    screen.wait_for("\n'X'\n")


def test_tab_offers_several(repl: Repl) -> None:
    screen = repl()
    screen.enter("several_one = several_two = 1")
    screen.type(f"several_{TAB}")
    screen.wait_for("several_one", "several_two", "variable")


def test_names_with_control_sequences_are_not_offered(repl: Repl) -> None:
    screen = repl()
    screen.enter("class A: __dir__ = lambda s: ['good_name', 'bad\\x1b]0;x\\x07']")
    screen.enter("a = A()")
    screen.type(f"a.{TAB}")
    screen.wait_for("a.good_name")
    assert b"\x1b]0;x" not in screen.raw


def test_a_question_is_answered_and_not_executed(repl: Repl, user: Client) -> None:
    screen = repl()
    screen.type(f"def f(x):{ENTER}'Many words.'{ENTER}{ENTER}")
    screen.wait_for_line(">>>")
    screen.enter("f?")
    assert "Docstring: Many words." in screen.text
    screen.type(f"f(1){F1}")
    screen.wait_for_times("Docstring: Many words.", 2)
    screen.wait_for_line(">>> f(1)")
    screen.type(CTRL_C)
    screen.wait_for_line(">>>")
    screen.enter("f??")
    assert "'Many words.'\n" in screen.text.partition("Source:")[2]
    screen.enter("nothing_like_that?")
    assert "no such name" in screen.text
    session = user.sessions.get(screen.session_id)
    assert [each.code for each in session.executions()] == ["def f(x):\n    'Many words.'\n    "]
