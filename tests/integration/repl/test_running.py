"""Output of code while it runs, and how the user stops it."""

from pathlib import Path

from PIL import Image as Picture

from cellblock_client import Client
from tests.integration.repl.conftest import Repl
from tests.support.screen import CTRL_C, ENTER


def test_ctrl_c_stops_the_code_and_nothing_else(repl: Repl) -> None:
    screen = repl()
    screen.enter("x = 7")
    screen.type("print('g' + 'o'); import time; time.sleep(60)" + ENTER)
    screen.wait_for("\ngo")
    screen.type(CTRL_C)
    screen.wait_for("KeyboardInterrupt", "[cancelled: interrupted]\n>>>")
    screen.enter("x * 6")
    assert "\n42\n" in screen.text


def test_carriage_returns_overwrite(repl: Repl) -> None:
    screen = repl()
    screen.enter("for n in range(3): print(f'\\rstep {n}', end='')")
    assert screen.text.endswith("\nstep 2\n>>>")


def test_an_image_is_saved_and_its_path_printed(repl: Repl, tmp_path: Path) -> None:
    Picture.new("RGB", (2, 2)).save(tmp_path / "dot.png")
    screen = repl()
    screen.enter("%upload dot.png")
    screen.enter("__import__('IPython').display.Image('dot.png')")
    assert "[image: out/image-" in screen.text
    (saved,) = (tmp_path / "out").glob("*.png")
    assert saved.read_bytes() == (tmp_path / "dot.png").read_bytes()


def test_a_dead_kernel_is_reported(repl: Repl) -> None:
    screen = repl()
    screen.enter("import os; os._exit(3)")
    assert "[kernel restarted, variables are lost: the kernel died: exit code 3]" in screen.text
    screen.enter("1 + 1")
    assert "was replaced" not in screen.text


def test_a_replaced_kernel_is_reported(repl: Repl, user: Client) -> None:
    screen = repl()
    user.sessions.get(screen.session_id).restart()
    screen.enter("1 + 1")
    assert "[the kernel was replaced, variables are lost: restarted on request]" in screen.text
