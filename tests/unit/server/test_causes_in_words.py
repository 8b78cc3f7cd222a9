"""Causes that ended an execution from outside its code, in the words that a model reads."""

from datetime import timedelta

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from cellblock.v1 import execution_pb2 as pb
from cellblock_server.executions.failure_text import cause_in_words
from cellblock_server.executions.outputs import OutputStream, WholeOutputs

LOST = "Variables are lost; files in /mnt/data are kept."
KEPT = "Variables and files are kept."
GONE = "Variables and files in /mnt/data are lost; a new session is needed."


def ended(
    cause: "pb.FailureCause.ValueType",
    message: str = "",
    *,
    lost: bool = False,
    started: bool = True,
    seconds: float = 120,
) -> pb.Execution:
    limit = Duration()
    limit.FromTimedelta(timedelta(seconds=seconds))
    return pb.Execution(
        time_limit=limit,
        start_time=Timestamp(seconds=1) if started else None,
        failure=pb.Failure(cause=cause, message=message, memory_lost=lost),
    )


CASES = {
    "time limit": (
        ended(pb.FAILURE_CAUSE_TIME_LIMIT, "time limit of 2 s reached", seconds=2),
        f"[Stopped: the code ran longer than its time limit of 2 seconds. {KEPT}]",
    ),
    "time limit of one second, kernel lost": (
        ended(pb.FAILURE_CAUSE_TIME_LIMIT, lost=True, seconds=1),
        f"[Stopped: the code ran longer than its time limit of 1 second. {LOST}]",
    ),
    "fraction": (
        ended(pb.FAILURE_CAUSE_TIME_LIMIT, seconds=0.25),
        f"[Stopped: the code ran longer than its time limit of 0.25 seconds. {KEPT}]",
    ),
    "memory": (
        ended(pb.FAILURE_CAUSE_OUT_OF_MEMORY, "out of memory: limit 512 MiB", lost=True),
        f"[Killed: out of memory: limit 512 MiB. {LOST}]",
    ),
    "memory, in an agent's words": (
        ended(
            pb.FAILURE_CAUSE_OUT_OF_MEMORY,
            "out of memory: limit 1 GiB; a new kernel was started, and all variables are lost",
            lost=True,
        ),
        f"[Killed: out of memory: limit 1 GiB. {LOST}]",
    ),
    "death": (
        ended(pb.FAILURE_CAUSE_KERNEL_DIED, "the kernel died: signal SIGSEGV", lost=True),
        f"[Failed: the kernel died: signal SIGSEGV. {LOST}]",
    ),
    "cancelled": (
        ended(pb.FAILURE_CAUSE_CANCELLED, "cancelled"),
        f"[Cancelled: the code was interrupted on request. {KEPT}]",
    ),
    "cancelled in the queue": (
        ended(pb.FAILURE_CAUSE_CANCELLED, "cancelled before it started", started=False),
        "[Not run: cancelled before it started.]",
    ),
    "restarted": (
        ended(pb.FAILURE_CAUSE_SESSION_RESTARTED, "restarted", lost=True),
        f"[Stopped: the session was restarted while the code ran. {LOST}]",
    ),
    "session ended": (
        ended(pb.FAILURE_CAUSE_SESSION_ENDED, "the session ended: deleted", lost=True),
        f"[Stopped: the session ended: deleted. {GONE}]",
    ),
    "session ended before": (
        ended(pb.FAILURE_CAUSE_SESSION_ENDED, "the session ended: idle", started=False),
        "[Not run: the session ended: idle.]",
    ),
    "sandbox lost": (
        ended(pb.FAILURE_CAUSE_SANDBOX_LOST, "the session ended: it exited.", lost=True),
        f"[Failed: the sandbox was lost: it exited. {GONE}]",
    ),
}


@pytest.mark.parametrize(("execution", "words"), CASES.values(), ids=CASES)
def test_a_cause_is_one_line_with_its_limit_and_what_is_lost(
    execution: pb.Execution, words: str
) -> None:
    assert cause_in_words(execution) == words


def test_every_cause_has_words() -> None:
    causes = [cause for cause in pb.FailureCause.values() if cause]
    words = {cause_in_words(ended(cause)) for cause in causes}
    assert len(words) == len(causes)


def test_code_that_ran_to_its_end_has_no_cause() -> None:
    assert cause_in_words(pb.Execution()) == ""


def test_outputs_end_with_the_cause_on_a_line_of_its_own() -> None:
    stream, whole = OutputStream(), WholeOutputs()
    failed, words = CASES["time limit"]
    for event in (
        pb.ExecutionEvent(stdout=pb.Text(text="half a line")),
        pb.ExecutionEvent(completed=pb.Completed(execution=failed)),
    ):
        whole.add(stream.add(event))
    whole.add(stream.finish())
    assert [output.logs for output in whole.outputs] == [f"half a line\n{words}\n"]


def test_outputs_of_cleared_code_end_with_the_cause_too() -> None:
    stream, whole = OutputStream(), WholeOutputs()
    failed, words = CASES["memory"]
    for event in (
        pb.ExecutionEvent(output_cleared=pb.OutputCleared()),
        pb.ExecutionEvent(stdout=pb.Text(text="after")),
        pb.ExecutionEvent(completed=pb.Completed(execution=failed)),
    ):
        whole.add(stream.add(event))
    whole.add(stream.finish())
    assert [output.logs for output in whole.outputs] == [f"after\n{words}\n"]
