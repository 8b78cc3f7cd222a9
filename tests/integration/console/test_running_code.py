"""Executions on the console's page, and their output."""

from cellblock_client.client import Session
from tests.support.browser import Page

DOTS = """
import os, time
print("first", flush=True)
while not os.path.exists("/mnt/data/go"):
    time.sleep(0.01)
print("last")
"""
BAR = """
import sys
for share in range(0, 101, 10):
    sys.stdout.write(f"\\rdone {share:3d} %")
print()
print("\\x1b[1;31mred\\x1b[0m plain \\x1b[38;2;1;2;3mown\\x1b[0m")
"""
FIGURE = """
import matplotlib.pyplot as plt
plt.plot([1, 3, 2])
plt.show()
"""
TABLE = """
import pandas as pd
pd.DataFrame({"city": ["Köln", "東京"], "rain": [840.5, 1528.8]})
"""
LATER = "import os, time\nprint('begun', flush=True)\nwhile True:\n    time.sleep(0.05)"


def test_output_comes_while_the_code_runs(page: Page, session: Session) -> None:
    page.run(DOTS)
    page.says("first", ".stdout")
    assert "last" not in page.text(".stdout")
    assert page.text("#session .state-running")
    session.files.write("go", b"")
    page.says("last", ".stdout")
    page.finished()
    assert page.text(".run .state") == "completed"
    assert page.text(".run .count") == "[1]"
    assert page.text(".run .took").endswith("s")


def test_lines_are_written_over_and_coloured(page: Page) -> None:
    page.run(BAR)
    page.finished()
    assert page.text(".stdout") == "done 100 %\nred plain own\n"
    assert page.text(".stdout .bold.fg-1") == "red"
    own = page.one(".stdout .line:nth-child(2) span:last-of-type")
    own_colour = page.script("return arguments[0].style.getPropertyValue('--own-fg')", own)
    assert own_colour == "#010203"


def test_code_is_coloured(page: Page) -> None:
    page.run("def double(x):  # twice\n    return 2 * x\nprint(double(21), 'text')")
    page.finished()
    assert page.text(".code .py-keyword").split() == ["def", "return"]
    assert page.text(".code .py-comment") == "# twice"
    assert page.text(".code .py-string") == "'text'"
    assert page.text(".stdout") == "42 text\n"


def test_an_image_is_seen(page: Page) -> None:
    page.run(FIGURE)
    page.finished()
    width = page.script("return arguments[0].naturalWidth", page.one(".outputs img"))
    assert width > 100


def test_a_table_is_in_a_frame_of_its_own(page: Page) -> None:
    page.run(TABLE)
    page.finished()
    frame = page.one(".outputs iframe")
    assert frame.get_dom_attribute("sandbox") == ""
    page.driver.switch_to.frame(frame)
    page.says("東京", "table")
    page.driver.switch_to.default_content()
    assert "1528.8" in page.text(".outputs details pre")


def test_an_error_has_its_traceback(page: Page) -> None:
    page.run("def broken():\n    return 1 / 0\nbroken()")
    page.finished()
    assert page.text(".error-name") == "ZeroDivisionError: division by zero"
    assert "broken()" in page.text(".error pre")
    assert "\x1b" not in page.text(".error pre")
    assert page.text(".run .state") == "exception"


def test_a_running_execution_is_cancelled(page: Page) -> None:
    page.run(LATER)
    page.says("begun", ".stdout")
    page.click("#cancel")
    page.finished()
    assert page.text(".run .state") == "cancelled"
    page.run("'alive'")
    page.finished(2)
    page.says("'alive'", ".outputs")


def test_a_restarted_kernel_has_no_variables(page: Page) -> None:
    page.run("kept = 1")
    page.finished()
    page.click("#restart")
    page.click("#confirm-yes")
    page.says("Kernel 2", ".divider")
    page.run("kept")
    page.finished(2)
    assert page.text(".error-name") == "NameError: name 'kept' is not defined"


def test_a_dead_kernel_is_reported(page: Page) -> None:
    page.run("import os\nos._exit(3)")
    page.finished()
    assert page.text(".run .state") == "failed"
    assert "kernel restarted" in page.text(".note .label")


def test_displays_change_and_output_is_cleared(page: Page) -> None:
    page.run(
        "from IPython.display import display, clear_output\n"
        "shown = display('before', display_id=True)\nshown.update('after')"
    )
    page.finished()
    page.says("'after'", ".display")
    assert "'before'" not in page.text(".display")
    page.run("print('gone')\nclear_output(wait=True)\nprint('stays')")
    page.finished(2)
    assert page.text(".run:last-child .stdout") == "stays\n"
