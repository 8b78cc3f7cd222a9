"""Run steps with their tool calls, and the status derived from them: pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from cellblock.v1 import execution_pb2, run_step_pb2
from cellblock_server.store.records import ExecutionRecord, ExecutionStatus, RunStepRecord
from cellblock_server.store.states import EXECUTION_ENDS


class Format(IntEnum):
    """Format of a run step, with the values of `RunStepFormat` in `run_step.proto`."""

    ASSISTANTS = run_step_pb2.RUN_STEP_FORMAT_ASSISTANTS
    RESPONSES = run_step_pb2.RUN_STEP_FORMAT_RESPONSES


class RunStepStatus(IntEnum):
    """Status of a run step, with the values of `RunStepStatus` in `run_step.proto`."""

    IN_PROGRESS = run_step_pb2.RUN_STEP_STATUS_IN_PROGRESS
    COMPLETED = run_step_pb2.RUN_STEP_STATUS_COMPLETED
    FAILED = run_step_pb2.RUN_STEP_STATUS_FAILED
    CANCELLED = run_step_pb2.RUN_STEP_STATUS_CANCELLED
    EXPIRED = run_step_pb2.RUN_STEP_STATUS_EXPIRED


@dataclass(frozen=True)
class ToolCall:
    """One execution and its outputs."""

    execution: ExecutionRecord
    outputs: Sequence[execution_pb2.Output] = ()


@dataclass(frozen=True)
class WholeStep:
    """A run step with its current tool calls."""

    record: RunStepRecord
    calls: Sequence[ToolCall]
    is_open: bool
    """Whether more tool calls may come."""

    @property
    def status(self) -> RunStepStatus:
        """Return the worst status of the tool calls once all have ended."""
        ends = {call.execution.status for call in self.calls}
        if self.is_open or not ends or not ends <= EXECUTION_ENDS:
            return RunStepStatus.IN_PROGRESS
        for end, status in (
            (ExecutionStatus.FAILED, RunStepStatus.FAILED),
            (ExecutionStatus.CANCELLED, RunStepStatus.CANCELLED),
            (ExecutionStatus.EXPIRED, RunStepStatus.EXPIRED),
        ):
            if end in ends:
                return status
        return RunStepStatus.COMPLETED

    @property
    def end_time(self) -> datetime | None:
        """Return the time at which the last tool call ended."""
        return max(
            (call.execution.end_time for call in self.calls if call.execution.end_time),
            default=None,
        )

    @property
    def failure_message(self) -> str:
        """Return the failure of the first tool call that failed."""
        for call in self.calls:
            if call.execution.status is ExecutionStatus.FAILED and call.execution.failure:
                return call.execution.failure.message
        return ""
