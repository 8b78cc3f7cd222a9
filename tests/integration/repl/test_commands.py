"""Commands of the REPL and magics of the kernel, both of which begin with `%`."""

from pathlib import Path

from tests.integration.repl.conftest import Repl
from tests.support.screen import TAB


def test_files_are_uploaded_and_downloaded(repl: Repl, tmp_path: Path) -> None:
    (tmp_path / "a b.txt").write_text("hello")
    screen = repl()
    screen.enter("%upload 'a b.txt' in.txt")
    screen.enter("%files")
    assert "           5  /mnt/data/in.txt" in screen.text
    screen.enter("open('new.txt', 'w').write('made') and None")
    screen.enter("%download new.txt here.txt")
    assert (tmp_path / "here.txt").read_text() == "made"
    screen.enter("%download new.txt here.txt")
    assert "cellblock: here.txt exists" in screen.text


def test_state_and_limits_are_printed(repl: Repl) -> None:
    screen = repl()
    screen.enter("%session")
    assert "state       ready" in screen.text
    screen.enter("%limits")
    assert "memory      1 GiB" in screen.text


def test_a_restart_loses_variables(repl: Repl) -> None:
    screen = repl()
    screen.enter("x = 1")
    screen.enter("%restart")
    assert "kernel 2: variables are lost" in screen.text
    screen.enter("x")
    assert "NameError" in screen.text
    assert "was replaced" not in screen.text


def test_help_lists_commands_and_tab_completes_them(repl: Repl) -> None:
    screen = repl()
    screen.enter("%help")
    assert "%download PATH [TARGET]" in screen.text
    screen.type(f"%dow{TAB}")
    screen.wait_for_line(">>> %download")


def test_magics_are_the_kernels(repl: Repl) -> None:
    screen = repl()
    screen.enter("%pwd")
    assert "'/mnt/data'" in screen.text or "data'" in screen.text
    screen.enter("!echo $((6 * 7))")
    assert "\n42\n" in screen.text


def test_a_wrong_command_shows_its_usage(repl: Repl) -> None:
    screen = repl()
    screen.enter("%upload")
    assert "cellblock: usage: %upload PATH [NAME]" in screen.text
    screen.enter("%upload nothing.txt")
    assert "cellblock: nothing.txt: No such file or directory" in screen.text
