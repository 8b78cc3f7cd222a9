"""All of an execution at once, for callers that do not stream."""

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
    """What an execution showed and how it ended."""

    execution: ExecutionInfo
    events: list[Event] = field(repr=False)
    """Everything, in order."""

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
        """The last expression's value as text; empty if it has none."""
        return next((event.text for event in self.events if isinstance(event, Result)), "")

    @property
    def displays(self) -> list[Display]:
        """What was shown with `display`, pictures aside."""
        return [event for event in self.events if isinstance(event, Display)]

    @property
    def images(self) -> list[File]:
        """Pictures that were shown."""
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
        """Where files below `/mnt/data` were that are there no more."""
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
        """How it ended."""
        return self.execution.status

    @property
    def error(self) -> CodeError | None:
        """The exception that ended the code."""
        return self.execution.error

    @property
    def failure(self) -> Failure | None:
        """What ended it from outside its code."""
        return self.execution.failure

    @property
    def ok(self) -> bool:
        """Whether the code ran to its end without an exception."""
        return self.status is ExecutionStatus.COMPLETED and self.error is None


def collect(events: Iterable[Event]) -> ExecutionResult:
    """The result of a whole execution's events."""
    collected = list(events)
    last = collected[-1]
    if not isinstance(last, Completed):
        raise TypeError(f"the last event is {type(last).__name__}, not Completed")
    return ExecutionResult(last.execution, collected)
