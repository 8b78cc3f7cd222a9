"""Run steps as plain, immutable values. See `run_step.proto`."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from cellblock.v1 import execution_pb2
from cellblock.v1 import run_step_pb2 as pb
from cellblock_client.types import File, file_of, time_of

Json = dict[str, Any]


class RunStepFormat(Enum):
    """Format of `data`."""

    ASSISTANTS = pb.RUN_STEP_FORMAT_ASSISTANTS
    """Format of the Assistants API: `thread.run.step` and its events."""
    RESPONSES = pb.RUN_STEP_FORMAT_RESPONSES
    """Format of the Responses API: `code_interpreter_call` items and their events."""


class RunStepStatus(Enum):
    """State of a run step."""

    IN_PROGRESS = pb.RUN_STEP_STATUS_IN_PROGRESS
    COMPLETED = pb.RUN_STEP_STATUS_COMPLETED
    FAILED = pb.RUN_STEP_STATUS_FAILED
    CANCELLED = pb.RUN_STEP_STATUS_CANCELLED
    EXPIRED = pb.RUN_STEP_STATUS_EXPIRED


@dataclass(frozen=True)
class Place:
    """Run step that an execution belongs to, as a tool call. The server generates empty ids."""

    thread_id: str = ""
    """Thread id, 1 to 256 characters."""
    run_id: str = ""
    """Run id: `run_` and 1 to 64 letters, digits, `_` or `-`."""
    assistant_id: str = ""
    """Assistant id: `asst_` and the same characters."""
    step_id: str = ""
    """Step id: `step_` and the same characters. An existing one gets another tool call."""
    more_calls: bool = False
    """Whether more tool calls of this run step will follow."""


@dataclass(frozen=True)
class RunStep:
    """Run step; the fields are those of `RunStep` in the proto."""

    id: str
    session_id: str
    thread_id: str
    run_id: str
    assistant_id: str
    status: RunStepStatus
    create_time: datetime
    execution_ids: tuple[str, ...]
    """Ids of its tool calls' executions, in order."""
    data: Json | list[Json]
    """Whole run step in the requested format: an object, or (Responses) a list of items."""


@dataclass(frozen=True)
class RunStepPage:
    """Page of a listing, as in the Assistants API."""

    data: tuple[RunStep, ...]
    first_id: str
    """Id of the first run step; empty if there is none."""
    last_id: str
    """Id of the last run step, for `after`; empty if there is none."""
    has_more: bool
    """Whether more follow; with `before`, whether more precede."""


@dataclass(frozen=True)
class RunStepEvent:
    """Event of a run step."""

    step_id: str
    sequence: int
    """Number in the run step: 1, 2, 3, … without gaps."""
    event: str
    """Name of the event, such as `thread.run.step.delta`: the `event` of a server-sent event."""
    data: Json
    """Content of the event: the `data` of a server-sent event."""


@dataclass(frozen=True)
class Annotation:
    """Link to a file in a text."""

    text: str
    """Text of the link only."""
    start_index: int
    """Index of the first character of the link."""
    end_index: int
    """Index after the last character of the link."""
    file: File


@dataclass(frozen=True)
class Annotations:
    """Links to a session's files in a text."""

    annotations: tuple[Annotation, ...]
    """Links, in the order of the text."""
    data: list[Json]
    """Links in the requested format."""
    unknown: tuple[str, ...]
    """Links to paths that are not files of the session, each once."""


def place_message(place: Place) -> execution_pb2.RunStepPlace:
    """Convert a `Place` to its proto message."""
    return execution_pb2.RunStepPlace(
        thread_id=place.thread_id,
        run_id=place.run_id,
        assistant_id=place.assistant_id,
        step_id=place.step_id,
        more_calls=place.more_calls,
    )


def run_step(message: pb.RunStep) -> RunStep:
    """Convert a run step from its proto message."""
    return RunStep(
        id=message.id,
        session_id=message.session_id,
        thread_id=message.thread_id,
        run_id=message.run_id,
        assistant_id=message.assistant_id,
        status=RunStepStatus(message.status),
        create_time=time_of(message.create_time),
        execution_ids=tuple(message.execution_ids),
        data=json.loads(message.json),
    )


def run_step_page(message: pb.ListRunStepsResponse) -> RunStepPage:
    """Convert a page from its proto message."""
    steps = tuple(map(run_step, message.data))
    return RunStepPage(steps, message.first_id, message.last_id, message.has_more)


def run_step_event(message: pb.WatchRunStepsResponse) -> RunStepEvent:
    """Convert an event from its proto message."""
    data = json.loads(message.data)
    return RunStepEvent(message.step_id, message.sequence, message.event, data)


def annotations(message: pb.ResolveAnnotationsResponse) -> Annotations:
    """Convert annotations from their proto message."""
    return Annotations(
        tuple(
            Annotation(item.text, item.start_index, item.end_index, file_of(item.file))
            for item in message.annotations
        ),
        json.loads(message.json),
        tuple(message.unknown),
    )
