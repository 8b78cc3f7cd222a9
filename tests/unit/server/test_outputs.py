"""From events to outputs, row by row."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellblock.v1 import execution_pb2 as pb
from cellblock.v1 import file_pb2
from cellblock_server.executions.outputs import OutputStream, outputs_of

PICTURE = file_pb2.File(id="file-1")
OTHER = file_pb2.File(id="file-2")


def out(text: str) -> pb.ExecutionEvent:
    return pb.ExecutionEvent(stdout=pb.Text(text=text))


def err(text: str) -> pb.ExecutionEvent:
    return pb.ExecutionEvent(stderr=pb.Text(text=text))


def result(display_id: str = "", **data: str) -> pb.ExecutionEvent:
    return pb.ExecutionEvent(result=bundle(display_id, data))


def display(display_id: str = "", **data: str) -> pb.ExecutionEvent:
    return pb.ExecutionEvent(display=bundle(display_id, data))


def image(display_id: str = "") -> pb.ExecutionEvent:
    return pb.ExecutionEvent(image=pb.Image(file=PICTURE, display_id=display_id))


def update(display_id: str, file: file_pb2.File | None = None, **data: str) -> pb.ExecutionEvent:
    output = bundle(display_id, data)
    return pb.ExecutionEvent(display_update=pb.DisplayUpdate(output=output, image=file))


def clear(*, wait: bool = False) -> pb.ExecutionEvent:
    return pb.ExecutionEvent(output_cleared=pb.OutputCleared(wait=wait))


def bundle(display_id: str, data: dict[str, str]) -> pb.RichOutput:
    kinds = {kind.replace("_", "/"): value for kind, value in data.items()}
    return pb.RichOutput(data=kinds, display_id=display_id)


CUT = pb.ExecutionEvent(
    output_cut=pb.OutputCut(omitted_bytes=5, limit=pb.OUTPUT_LIMIT_TEXT, limit_value=10)
)
ERROR = pb.ExecutionEvent(error=pb.CodeError(name="E", traceback=["\x1b[31mTraceback", "E: no"]))
QUIET = [
    pb.ExecutionEvent(queued=pb.Queued()),
    pb.ExecutionEvent(started=pb.Started()),
    pb.ExecutionEvent(file=pb.GeneratedFile(path="/mnt/data/x")),
    pb.ExecutionEvent(completed=pb.Completed()),
]


@pytest.mark.parametrize(
    ("events", "outputs"),
    [
        (QUIET, []),
        ([out("a"), err("b"), out("c\n")], ["abc\n"]),
        ([out("a\n"), result(text_plain="1")], ["a\n1\n"]),
        ([out("open line"), result(text_plain="1")], ["open line\n1\n"]),
        ([out("a\n"), image(), out("b\n")], ["a\n", "file-1", "b\n"]),
        ([image(), image()], ["file-1", "file-1"]),
        ([out("a"), ERROR], ["a\nTraceback\nE: no\n"]),
        ([result(text_plain="   a\n0  1", text_html="<table>")], ["   a\n0  1\n"]),
        ([display(text_markdown="# T")], ["# T\n"]),
        ([display(text_latex="$x$", text_html="<p>")], ["$x$\n"]),
        ([display(text_html="<p>hi</p>")], ["[text/html, 9 characters]\n"]),
        (
            [display(text_plain="<IPython.core.display.HTML object>", text_html="<p>")],
            ["[text/html, 3 characters]\n"],
        ),
        ([display(text_plain="<IPython.X object>", text_latex="$x$")], ["$x$\n"]),
        ([display(text_plain="<IPython.X object>")], ["<IPython.X object>\n"]),
        # What was sent stays; what comes between two clearings does not.
        ([out("old\n"), clear(), out("new\n")], ["old\nnew\n"]),
        ([out("old\n"), clear(), out("1\n"), clear(), out("2\n")], ["old\n2\n"]),
        ([out("not complete"), clear(), out("new\n")], ["new\n"]),
        ([image(), clear(), image(), clear()], ["file-1"]),
        ([out("old\n"), clear(wait=True)], ["old\n"]),
        ([clear(), out("1\n"), clear(wait=True)], ["1\n"]),
        ([clear(), out("1\n"), clear(wait=True), out("2\n")], ["2\n"]),
        ([display("d", text_plain="1"), out("x\n"), update("d", text_plain="2")], ["1\nx\n2\n"]),
        ([display("d", text_plain="1"), *[update("d", text_plain=n) for n in "23"]], ["1\n3\n"]),
        ([display("d", text_plain="1"), *[update("d", text_plain=n) for n in "21"]], ["1\n"]),
        (
            [clear(), display("d", text_plain="1"), out("x\n"), update("d", text_plain="2")],
            ["2\nx\n"],
        ),
        ([image("d"), update("d", OTHER)], ["file-1", "file-2"]),
        ([image("d"), update("d", text_plain="gone")], ["file-1", "gone\n"]),
        ([update("unknown", text_plain="2")], []),
        ([display("d", text_plain="1"), clear(), update("d", text_plain="2")], ["1\n"]),
        ([out("1%\r2%\r"), err("3%\r"), out("done\n")], ["done\n"]),
        ([err("\r 50% of 2"), out("a\n"), err("\r100%\n")], [" 50% of 2\na\n100%\n"]),
        ([err("100% of 2\r"), out("a\n")], ["a\n"]),
        ([err("outer\ninner\x1b[A\router\n"), out("a\n")], ["outer\ninner\na\n"]),
        ([out("warn: "), err("b\r\n"), out("c\n")], ["warn: b\nc\n"]),
        (
            [out("a"), CUT, out("b")],
            ["a\n[… 5 bytes were left out here: the limit is 10 bytes of text …]\nb"],
        ),
    ],
)
async def test_outputs(events: list[pb.ExecutionEvent], outputs: list[str]) -> None:
    made = await outputs_of(stream(events))
    assert [output.logs or output.image.id for output in made] == outputs


@given(events=st.lists(st.sampled_from([
    *QUIET, CUT, ERROR, out("a"), out("b\n"), out("\r"), err("c\x1b[1A"), out("\x1b"), out("[31m"),
    result(text_plain="1"), display("d", text_plain="2"), display(text_html="<p>"), image(),
    image("i"), update("d", text_plain="3"), update("d", OTHER), update("i", OTHER), clear(),
    clear(wait=True),
]), max_size=20))  # fmt: skip
def test_outputs_only_grow(events: list[pb.ExecutionEvent]) -> None:
    """Each delta adds to the last output or begins the next one; images are never added to."""
    made = OutputStream()
    deltas = [delta for event in events for delta in made.add(event)] + list(made.finish())
    kinds: list[str] = []
    for delta in deltas:
        assert bool(delta.logs) != (delta.image is not None)
        if delta.index == len(kinds):
            kinds.append("image" if delta.image else "logs")
        else:
            assert delta.index == len(kinds) - 1
            assert kinds[-1] == "logs"
            assert delta.logs
    # Text between two images is one piece.
    assert "logs logs" not in " ".join(kinds)


async def stream(events: list[pb.ExecutionEvent]) -> AsyncIterator[pb.ExecutionEvent]:
    for event in events:
        yield event
