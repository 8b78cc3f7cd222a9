"""Events of an execution, one class for each kind.

Use `match` or `isinstance`. Every event has its execution's id, its number (1, 2, 3, … without
gaps) and the time when the server stored it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cellblock.v1 import execution_pb2 as pb
from cellblock_client.types import (
    CodeError,
    ExecutionInfo,
    File,
    code_error,
    execution_info,
    file_of,
    generated_file,
    time_of,
)


@dataclass(frozen=True)
class Event:
    """Base of all events."""

    execution_id: str
    sequence: int
    time: datetime


@dataclass(frozen=True)
class Queued(Event):
    """The execution was accepted, or moved up in the queue; `position` executions are before it."""

    position: int


@dataclass(frozen=True)
class Code(Event):
    """The next piece of the code, if that was sent in pieces."""

    text: str


@dataclass(frozen=True)
class Started(Event):
    """The kernel received the code."""

    kernel_generation: int


@dataclass(frozen=True)
class Stdout(Event):
    """The code wrote to standard output."""

    text: str


@dataclass(frozen=True)
class Stderr(Event):
    """The code wrote to standard error."""

    text: str


@dataclass(frozen=True)
class Rich(Event):
    """Value in several representations, by MIME type."""

    data: dict[str, str]
    metadata_json: str
    display_id: str

    @property
    def text(self) -> str:
        """Plain text; empty if it has none."""
        return self.data.get("text/plain", "")


@dataclass(frozen=True)
class Result(Rich):
    """The value of the last expression."""


@dataclass(frozen=True)
class Display(Rich):
    """The code showed a value with `display`, without an image."""


@dataclass(frozen=True)
class Image(Event):
    """The code showed an image, stored as `file`."""

    file: File
    alternatives: dict[str, str]
    is_result: bool
    display_id: str
    metadata_json: str


@dataclass(frozen=True)
class DisplayUpdate(Rich):
    """An earlier display changed; its new image, if it has one, is `file`."""

    file: File | None


@dataclass(frozen=True)
class OutputCleared(Event):
    """The code cleared its earlier output; with `wait`, it is cleared when the code shows more."""

    wait: bool


@dataclass(frozen=True)
class ErrorRaised(Event):
    """An exception ended the code."""

    error: CodeError


@dataclass(frozen=True)
class GeneratedFile(Event):
    """A file below `/mnt/data` is new, changed or moved; `file` is None if it was not stored.

    With `is_full_output` it is all that the code wrote to its streams, of which the events have
    only a part.
    """

    file: File | None
    path: str
    skipped_reason: str
    is_full_output: bool
    renamed_from: str
    """Former path below `/mnt/data`; empty if the file was not moved."""


@dataclass(frozen=True)
class FileDeleted(Event):
    """A file below `/mnt/data` was deleted. Stored copies of it remain."""

    path: str


@dataclass(frozen=True)
class OutputCut(Event):
    """Output over a limit was omitted here; later events were shown after it."""

    omitted_bytes: int
    limit: str
    """Limit: `TEXT` or `RICH`, in bytes, or `EVENTS`."""
    limit_value: int


@dataclass(frozen=True)
class KernelRestarted(Event):
    """The session has a fresh kernel: variables are lost, files are not."""

    kernel_generation: int
    reason: str


@dataclass(frozen=True)
class Completed(Event):
    """The execution ended; this is its last event."""

    execution: ExecutionInfo


def event_of(message: pb.ExecutionEvent) -> Event | None:
    """Convert an event from its proto message; None for a kind that this release does not know."""
    kind = message.WhichOneof("event")
    make = MAKERS.get(kind or "")
    if make is None:
        return None
    base = Event(message.execution_id, message.sequence, time_of(message.time))
    return make(base, getattr(message, kind or ""))


def _rich(base: Event, body: pb.RichOutput) -> tuple[str, int, datetime, dict[str, str], str, str]:
    return (*_base(base), dict(body.data), body.metadata_json, body.display_id)


def _base(base: Event) -> tuple[str, int, datetime]:
    return base.execution_id, base.sequence, base.time


def _update(base: Event, body: pb.DisplayUpdate) -> DisplayUpdate:
    file = file_of(body.image) if body.HasField("image") else None
    return DisplayUpdate(*_rich(base, body.output), file)


def _image(base: Event, body: pb.Image) -> Image:
    return Image(
        *_base(base),
        file_of(body.file),
        dict(body.alternatives),
        body.is_result,
        body.display_id,
        body.metadata_json,
    )


def _generated(base: Event, body: pb.GeneratedFile) -> GeneratedFile:
    return GeneratedFile(
        *_base(base),
        generated_file(body),
        body.path,
        body.skipped_reason,
        body.is_full_output,
        body.renamed_from,
    )


def _cut(base: Event, body: pb.OutputCut) -> OutputCut:
    limit = pb.OutputLimit.Name(body.limit).removeprefix("OUTPUT_LIMIT_")
    return OutputCut(*_base(base), body.omitted_bytes, limit, body.limit_value)


MAKERS: dict[str, Callable[..., Event]] = {
    "queued": lambda base, body: Queued(*_base(base), body.position),
    "code": lambda base, body: Code(*_base(base), body.text),
    "started": lambda base, body: Started(*_base(base), body.kernel_generation),
    "stdout": lambda base, body: Stdout(*_base(base), body.text),
    "stderr": lambda base, body: Stderr(*_base(base), body.text),
    "result": lambda base, body: Result(*_rich(base, body)),
    "display": lambda base, body: Display(*_rich(base, body)),
    "image": _image,
    "display_update": _update,
    "output_cleared": lambda base, body: OutputCleared(*_base(base), body.wait),
    "error": lambda base, body: ErrorRaised(*_base(base), code_error(body)),
    "file": _generated,
    "file_deleted": lambda base, body: FileDeleted(*_base(base), body.path),
    "output_cut": _cut,
    "kernel_restarted": lambda base, body: KernelRestarted(
        *_base(base), body.kernel_generation, body.reason
    ),
    "completed": lambda base, body: Completed(*_base(base), execution_info(body.execution)),
}
