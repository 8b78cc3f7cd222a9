"""Complete results of executions, for callers that do not stream."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from cellblock_client.events import (
    Completed,
    Display,
    Event,
    FileDeleted,
    GeneratedFile,
    Image,
    Result,
    Stderr,
    Stdout,
)
from cellblock_client.types import CodeError, ExecutionInfo, ExecutionStatus, Failure, File


@dataclass
class ExecutionResult:
    """Output of an execution, and how it ended."""

    execution: ExecutionInfo
    events: list[Event] = field(repr=False)
    """All events, in order."""

    @property
    def stdout(self) -> str:
        """All standard output."""
        return "".join(event.text for event in self.events if isinstance(event, Stdout))

    @property
    def stderr(self) -> str:
        """All standard error."""
        return "".join(event.text for event in self.events if isinstance(event, Stderr))

    @property
    def text(self) -> str:
        """Value of the last expression as text; empty if it has none."""
        return next((event.text for event in self.events if isinstance(event, Result)), "")

    @property
    def displays(self) -> list[Display]:
        """Values shown with `display`, without images."""
        return [event for event in self.events if isinstance(event, Display)]

    @property
    def images(self) -> list[File]:
        """Images that the code showed."""
        return [event.file for event in self.events if isinstance(event, Image)]

    @property
    def files(self) -> list[File]:
        """New, changed and moved files below `/mnt/data`."""
        return [
            event.file
            for event in self.events
            if isinstance(event, GeneratedFile) and event.file and not event.is_full_output
        ]

    @property
    def deleted_paths(self) -> list[str]:
        """Former paths of files deleted below `/mnt/data`."""
        return [event.path for event in self.events if isinstance(event, FileDeleted)]

    @property
    def full_output(self) -> File | None:
        """All that was written to the streams, if the events have only a part of it."""
        kept = (
            event.file
            for event in self.events
            if isinstance(event, GeneratedFile) and event.is_full_output
        )
        return next(kept, None)

    @property
    def status(self) -> ExecutionStatus:
        """Final status."""
        return self.execution.status

    @property
    def error(self) -> CodeError | None:
        """Exception that ended the code."""
        return self.execution.error

    @property
    def failure(self) -> Failure | None:
        """Cause outside the code that ended the execution."""
        return self.execution.failure

    @property
    def ok(self) -> bool:
        """Whether the code ran to its end without an exception."""
        return self.status is ExecutionStatus.COMPLETED and self.error is None


def collect(events: Iterable[Event]) -> ExecutionResult:
    """Collect a whole execution's events into its result."""
    collected = list(events)
    last = collected[-1]
    if not isinstance(last, Completed):
        raise TypeError(f"the last event is {type(last).__name__}, not Completed")
    return ExecutionResult(last.execution, collected)
