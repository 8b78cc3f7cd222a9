"""Causes that ended an execution from outside its code, in plain words: pure functions."""

from cellblock.v1 import execution_pb2 as pb

NEW_KERNEL = "; a new kernel was started"
SESSION_ENDED = "the session ended: "
KEPT = "Variables and files are kept."
LOST = "Variables are lost; files in /mnt/data are kept."


def cause_in_words(execution: pb.Execution) -> str:
    """Return one line about the failure of an execution that ended; empty if it has none.

    A model reads it: it has the limit that was reached and what is lost.
    """
    if not execution.HasField("failure"):
        return ""
    failure = execution.failure
    return f"[{_cause(execution)}. {_consequence(execution, failure)}".rstrip() + "]"


def _cause(execution: pb.Execution) -> str:
    # The agent adds that variables are lost, which has a sentence of its own here.
    message = execution.failure.message.partition(NEW_KERNEL)[0].rstrip(".")
    has_started = execution.HasField("start_time")
    match execution.failure.cause:
        case pb.FAILURE_CAUSE_TIME_LIMIT:
            limit = execution.time_limit.ToTimedelta().total_seconds()
            return f"Stopped: the code ran longer than its time limit of {_seconds(limit)}"
        case pb.FAILURE_CAUSE_OUT_OF_MEMORY:
            return f"Killed: {message or 'out of memory'}"
        case pb.FAILURE_CAUSE_KERNEL_DIED:
            return f"Failed: {message or 'the kernel died'}"
        case pb.FAILURE_CAUSE_CANCELLED if has_started:
            return "Cancelled: the code was interrupted on request"
        case pb.FAILURE_CAUSE_CANCELLED:
            return f"Not run: {message or 'cancelled before it started'}"
        case pb.FAILURE_CAUSE_SESSION_RESTARTED:
            return "Stopped: the session was restarted while the code ran"
        case pb.FAILURE_CAUSE_SANDBOX_LOST:
            detail = message.removeprefix(SESSION_ENDED)
            return "Failed: the sandbox was lost" + (f": {detail}" if detail else "")
    lead = "Stopped" if has_started else "Not run"
    return f"{lead}: {message or 'the session ended'}"


def _consequence(execution: pb.Execution, failure: pb.Failure) -> str:
    if not execution.HasField("start_time"):
        return ""
    if failure.cause in (pb.FAILURE_CAUSE_SESSION_ENDED, pb.FAILURE_CAUSE_SANDBOX_LOST):
        return "Variables and files in /mnt/data are lost; a new session is needed."
    return LOST if failure.memory_lost else KEPT


def _seconds(number: float) -> str:
    return f"{number:g} second" + ("" if number == 1 else "s")
