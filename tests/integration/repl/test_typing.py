"""Code is entered in lines, and runs when it is complete."""

from tests.integration.repl.conftest import Repl
from tests.support.screen import CTRL_C, CTRL_P, ENTER, TAB


def test_a_line_runs_and_variables_stay(repl: Repl) -> None:
    screen = repl()
    screen.enter("x = 20")
    screen.enter("x + 1")
    assert screen.text.endswith("\n21\n>>>")


def test_a_block_ends_when_the_kernel_finds_it_complete(repl: Repl) -> None:
    screen = repl()
    screen.type("for n in 'ab':" + ENTER)
    screen.wait_for_line("...")
    # The REPL has indented the line.
    screen.type("print(n * 2)" + ENTER)
    screen.wait_for("...     print(n * 2)\n...")
    screen.type(ENTER)
    screen.wait_for("\naa\nbb\n>>>")


def test_text_typed_ahead_is_kept(repl: Repl) -> None:
    screen = repl()
    screen.type(f"if True:{ENTER}print('one'){ENTER}{ENTER}print('two'){ENTER}")
    screen.wait_for("\none\n", "\ntwo\n")


def test_tab_indents_a_line_that_is_empty(repl: Repl) -> None:
    screen = repl()
    screen.type(f"if True:{ENTER}{TAB}pass")
    screen.wait_for("...         pass")


def test_ctrl_c_clears_the_line(repl: Repl) -> None:
    screen = repl()
    screen.type("x = (1,")
    screen.wait_for("x = (1,")
    screen.type(CTRL_C)
    screen.wait_for_line(">>>")
    screen.enter("'x' in globals()")
    assert "\nFalse\n" in screen.text


def test_history_is_kept_for_the_next_repl(repl: Repl) -> None:
    repl().enter("remembered = 5")
    again = repl()
    again.type(CTRL_P)
    again.wait_for_line(">>> remembered = 5")


def test_code_is_coloured_unless_disabled(repl: Repl) -> None:
    colour = b"\x1b[0;38;5;"
    for value, wanted in (("", True), ("1", False)):
        screen = repl(NO_COLOR=value)
        screen.type("import os")
        screen.wait_for("import os")
        assert (colour in screen.raw) is wanted
