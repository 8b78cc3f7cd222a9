"""Each difference between an execution and its expectation is reported."""

import pytest

from cellblock.v1 import execution_pb2 as pb
from cellblock.v1 import file_pb2
from cellblock_client.events import event_of
from cellblock_client.result import ExecutionResult, collect
from tests.corpus.program import Expectation
from tests.corpus.running import differences

FILE = file_pb2.File(path="/mnt/data/a.csv", purpose=file_pb2.FILE_PURPOSE_ASSISTANTS_OUTPUT)


def executed(*events: pb.ExecutionEvent, error: pb.CodeError | None = None) -> ExecutionResult:
    execution = pb.Execution(status=pb.EXECUTION_STATUS_COMPLETED, error=error)
    raised = () if error is None else (pb.ExecutionEvent(error=error),)
    end = pb.ExecutionEvent(completed=pb.Completed(execution=execution))
    return collect(event for message in (*events, *raised, end) if (event := event_of(message)))


def printed(text: str) -> pb.ExecutionEvent:
    return pb.ExecutionEvent(stdout=pb.Text(text=text))


SHOWN = pb.ExecutionEvent(image=pb.Image(file=FILE))
WRITTEN = pb.ExecutionEvent(file=pb.GeneratedFile(file=FILE, path="/mnt/data/a.csv"))
WARNED = pb.ExecutionEvent(stderr=pb.Text(text="careful\n" * 4))
HTML = pb.ExecutionEvent(result=pb.RichOutput(data={"text/plain": "x", "text/html": "<b>x</b>"}))


@pytest.mark.parametrize(
    ("expected", "result", "reported"),
    [
        (Expectation(stdout="3\n"), executed(printed("4\n")), "stdout is '4\\n', expected '3\\n'"),
        (Expectation(stdout_contains=["7"]), executed(printed("8\n")), "stdout has no '7': '8\\n'"),
        (Expectation(images=1), executed(), "images is 0, expected 1"),
        (Expectation(), executed(SHOWN), "images is 1, expected 0"),
        (Expectation(files=["b.csv"]), executed(WRITTEN), "files is ['a.csv'], expected ['b.csv']"),
        (Expectation(text="y"), executed(HTML), "text is 'x', expected 'y'"),
        (Expectation(displays=0), executed(HTML), "displays is 1, expected 0"),
        (Expectation(), executed(WARNED), "stderr has 4 lines, at most 3: " + str(["careful"] * 4)),
        (
            Expectation(),
            executed(error=pb.CodeError(name="KeyError", value="'a'")),
            "error is 'KeyError': 'a', expected None",
        ),
        (
            Expectation(error="KeyError", error_contains=["line 3"]),
            executed(error=pb.CodeError(name="KeyError", traceback=["line 2"])),
            "traceback has no 'line 3': 'line 2'",
        ),
    ],
)
def test_a_difference_is_reported(
    expected: Expectation, result: ExecutionResult, reported: str
) -> None:
    assert list(differences(expected, result)) == [reported]


def test_an_exception_has_one_event() -> None:
    raised = pb.ExecutionEvent(error=pb.CodeError(name="KeyError"))
    result = executed(raised, error=pb.CodeError(name="KeyError"))
    expected = Expectation(error="KeyError")
    assert list(differences(expected, result)) == ["number of error events is 2, expected 1"]


def test_a_right_result_has_no_difference() -> None:
    expected = Expectation(
        stdout="3\n", text_contains=["x"], displays=1, images=1, files=["a.csv"], stderr_lines=4
    )
    result = executed(printed("3\n"), SHOWN, WRITTEN, WARNED, HTML)
    assert list(differences(expected, result)) == []
