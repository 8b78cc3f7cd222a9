"""Output of code becomes the messages that a notebook's front end knows."""

import base64
import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image as Picture

from cellblock_client import Client
from tests.support.jupyter import Notebook

DISPLAY = "from IPython.display import *\n"
PICTURE = "import io, PIL.Image as p; b = io.BytesIO(); p.new('RGB', (4, 2)).save(b, 'PNG')\n"
SENT = "get_ipython().display_pub.publish"


def test_streams_come_while_the_cell_runs(shared: Notebook, client: Client) -> None:
    """A cell that ends only after the test has read its first line."""

    def see(_kind: str, content: dict[str, Any]) -> None:
        if content["text"] == "first\n":
            client.sessions.get(shared.provisioner.session_id).files.write("seen", b"")

    code = (
        "import pathlib, sys, time\npathlib.Path('seen').unlink(missing_ok=True)\n"
        "print('first')\nwhile not pathlib.Path('seen').exists(): time.sleep(0.01)\n"
        "print('second', file=sys.stderr)"
    )
    assert shared.run(code, see).messages == [
        ("stream", {"name": "stdout", "text": "first\n"}),
        ("stream", {"name": "stderr", "text": "second\n"}),
    ]


@pytest.mark.parametrize(
    ("code", "kind", "data"),
    [
        ("6 * 7", "execute_result", {"text/plain": "42"}),
        ("JSON({'a': [1]})", "execute_result", {"application/json": {"a": [1]}}),
        ("display(Math('x'))", "display_data", {"text/latex": r"$\displaystyle x$"}),
        ("HTML('<b>x</b>')", "execute_result", {"text/html": "<b>x</b>"}),
        (
            f"{SENT}({{'application/vnd.plotly.v1+json': {{'data': []}}}})",
            "display_data",
            {"application/vnd.plotly.v1+json": {"data": []}},
        ),
    ],
)
def test_values_keep_their_representations(
    shared: Notebook, code: str, kind: str, data: dict[str, Any]
) -> None:
    (shown,) = shared.run(DISPLAY + code).messages
    assert shown[0] == kind
    assert {name: shown[1]["data"].get(name) for name in data} == data


def test_a_table_is_html_and_text(shared: Notebook) -> None:
    (shown,) = shared.run("import pandas as pd; pd.DataFrame({'a': [1, 2]})").messages
    assert shown[1]["data"]["text/html"].count("<tr") == 3
    assert shown[1]["data"]["text/plain"].split() == ["a", "0", "1", "1", "2"]


def test_a_figure_is_shown_as_an_image(shared: Notebook) -> None:
    (shown,) = shared.run("import matplotlib.pyplot as plt; plt.plot([1, 2]);").messages
    assert shown[0] == "display_data"
    assert set(shown[1]["data"]) == {"image/png", "text/plain"}
    with Picture.open(io.BytesIO(base64.b64decode(shown[1]["data"]["image/png"]))) as picture:
        assert picture.format == "PNG"


def test_an_image_has_its_display_size(shared: Notebook) -> None:
    (shown,) = shared.run(DISPLAY + PICTURE + "Image(b.getvalue(), width=40)").messages
    assert shown[0] == "execute_result"
    assert shown[1]["metadata"] == {"image/png": {"width": 40}}


@pytest.mark.parametrize(
    ("first", "then", "mime_type"),
    [
        ("'a'", "'b'", "text/plain"),
        ("Image(b.getvalue())", "Image(b.getvalue(), width=8)", "image/png"),
    ],
)
def test_a_display_is_updated(shared: Notebook, first: str, then: str, mime_type: str) -> None:
    code = f"{DISPLAY}{PICTURE}h = display({first}, display_id='x'); h.update({then})"
    shown, update = shared.run(code).messages
    assert (shown[0], update[0]) == ("display_data", "update_display_data")
    assert shown[1]["transient"] == update[1]["transient"] == {"display_id": "x"}
    assert mime_type in shown[1]["data"]
    assert mime_type in update[1]["data"]


def test_output_is_cleared(shared: Notebook) -> None:
    shown = shared.run(DISPLAY + "print(1); clear_output(wait=True); print(2)").messages
    assert [kind for kind, _ in shown] == ["stream", "clear_output", "stream"]
    assert shown[1][1] == {"wait": True}


def test_an_exception_is_an_error(shared: Notebook) -> None:
    shown = shared.run("1 / 0")
    assert shown.kinds == ["error"]
    assert shown.messages[0][1]["ename"] == shown.reply["ename"] == "ZeroDivisionError"
    assert (shown.reply["status"], shown.reply["evalue"]) == ("error", "division by zero")


def test_input_fails_with_the_kernels_own_words(shared: Notebook) -> None:
    reply = shared.run("input()").reply
    assert reply["ename"] == "StdinNotImplementedError"
    assert reply["evalue"].startswith("input() can't read input")


def test_truncated_output_is_reported(shared: Notebook) -> None:
    text = shared.run("print('x' * 3_000_000)").text
    assert "bytes of output left out: the limit is 1048576 bytes]" in text
    assert "[all of the output: cellblock files download file-" in text


def test_a_silent_cell_shows_nothing_and_runs(shared: Notebook) -> None:
    assert shared.run("print('unseen'); silent = 1; 2", silent=True).messages == []
    assert shared.run("silent").messages[0][1]["data"] == {"text/plain": "1"}


def test_an_empty_cell_is_not_run(shared: Notebook) -> None:
    before = shared.run("1").reply["execution_count"]
    assert shared.run(" \n").reply == {
        "status": "ok",
        "execution_count": before,
        "payload": [],
        "user_expressions": {},
    }
    assert shared.run("1").reply["execution_count"] == before + 1


def test_expressions_of_the_front_end_are_refused(shared: Notebook) -> None:
    reply = shared.run("1", user_expressions={"x": "1 + 1"}).reply
    assert reply["status"] == "ok"
    assert reply["user_expressions"]["x"]["status"] == "error"


SCRIPT = "<script>alert(1)</script><b>x</b>"


def test_active_content_is_left_out(shared: Notebook) -> None:
    (shown,) = shared.run(f"{DISPLAY}HTML({SCRIPT!r})").messages
    assert shown[1]["data"]["text/html"] == "<b>x</b>"


def test_active_content_is_forwarded_if_the_kernels_owner_allows_it(
    open_kernel: Callable[..., Notebook],
) -> None:
    (shown,) = open_kernel(active_content=True).run(f"{DISPLAY}HTML({SCRIPT!r})").messages
    assert shown[1]["data"]["text/html"] == SCRIPT
