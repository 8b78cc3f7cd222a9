"""A run step with its tool calls, and what its status is: pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from cellblock.v1 import execution_pb2, run_step_pb2
from cellblock_server.store.records import ExecutionRecord, ExecutionStatus, RunStepRecord
from cellblock_server.store.states import EXECUTION_ENDS


class Format(IntEnum):
    """As in the API: see `RunStepFormat` in `run_step.proto`."""

    ASSISTANTS = run_step_pb2.RUN_STEP_FORMAT_ASSISTANTS
    RESPONSES = run_step_pb2.RUN_STEP_FORMAT_RESPONSES


class RunStepStatus(IntEnum):
    """As in the API: see `RunStepStatus` in `run_step.proto`."""

    IN_PROGRESS = run_step_pb2.RUN_STEP_STATUS_IN_PROGRESS
    COMPLETED = run_step_pb2.RUN_STEP_STATUS_COMPLETED
    FAILED = run_step_pb2.RUN_STEP_STATUS_FAILED
    CANCELLED = run_step_pb2.RUN_STEP_STATUS_CANCELLED
    EXPIRED = run_step_pb2.RUN_STEP_STATUS_EXPIRED


@dataclass(frozen=True)
class ToolCall:
    """One execution, and what it has shown."""

    execution: ExecutionRecord
    outputs: Sequence[execution_pb2.Output] = ()


@dataclass(frozen=True)
class WholeStep:
    """A run step as it is now."""

    record: RunStepRecord
    calls: Sequence[ToolCall]
    is_open: bool
    """Whether more tool calls may come."""

    @property
    def status(self) -> RunStepStatus:
        """The worst of what became of its tool calls, once all have ended."""
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
        """When the last of its tool calls ended."""
        return max(
            (call.execution.end_time for call in self.calls if call.execution.end_time),
            default=None,
        )

    @property
    def failure_message(self) -> str:
        """What ended the first tool call that failed."""
        for call in self.calls:
            if call.execution.status is ExecutionStatus.FAILED and call.execution.failure:
                return call.execution.failure.message
        return ""
