"""What run steps are in Python: plain, immutable values. See `run_step.proto`."""

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
    """The shape of `data`."""

    ASSISTANTS = pb.RUN_STEP_FORMAT_ASSISTANTS
    """The Assistants API's: `thread.run.step` and its events."""
    RESPONSES = pb.RUN_STEP_FORMAT_RESPONSES
    """The Responses API's: `code_interpreter_call` items and their events."""


class RunStepStatus(Enum):
    """Where a run step is in its life."""

    IN_PROGRESS = pb.RUN_STEP_STATUS_IN_PROGRESS
    COMPLETED = pb.RUN_STEP_STATUS_COMPLETED
    FAILED = pb.RUN_STEP_STATUS_FAILED
    CANCELLED = pb.RUN_STEP_STATUS_CANCELLED
    EXPIRED = pb.RUN_STEP_STATUS_EXPIRED


@dataclass(frozen=True)
class Place:
    """Of which run step an execution is a tool call. What is empty is made by the server."""

    thread_id: str = ""
    """1 to 256 characters."""
    run_id: str = ""
    """`run_` and 1 to 64 letters, digits, `_` or `-`."""
    assistant_id: str = ""
    """`asst_` and as above."""
    step_id: str = ""
    """`step_` and as above. One that exists gets the execution as its next tool call."""
    more_calls: bool = False
    """Whether more tool calls of this run step will follow."""


@dataclass(frozen=True)
class RunStep:
    """A run step; the fields are those of `RunStep` in the proto."""

    id: str
    session_id: str
    thread_id: str
    run_id: str
    assistant_id: str
    status: RunStepStatus
    create_time: datetime
    execution_ids: tuple[str, ...]
    """Its tool calls' executions, in order."""
    data: Json | list[Json]
    """All of it in the format asked for: an object, or (Responses) a list of items."""


@dataclass(frozen=True)
class RunStepPage:
    """One page of a listing, as the Assistants API has it."""

    data: tuple[RunStep, ...]
    first_id: str
    """Empty if there is none."""
    last_id: str
    """For `after`; empty if there is none."""
    has_more: bool
    """Whether more follow; with `before`, whether more precede."""


@dataclass(frozen=True)
class RunStepEvent:
    """One event of a run step."""

    step_id: str
    sequence: int
    """1, 2, 3, … in its run step, without gaps."""
    event: str
    """Its name, such as `thread.run.step.delta`: the `event` of a server-sent event."""
    data: Json
    """The `data` of a server-sent event."""


@dataclass(frozen=True)
class Annotation:
    """A link to a file in a text."""

    text: str
    """The part of the text that is the link, without anything around it."""
    start_index: int
    """Where it begins, in characters."""
    end_index: int
    """Where it ends, exclusive."""
    file: File


@dataclass(frozen=True)
class Annotations:
    """Links to a session's files in a text."""

    annotations: tuple[Annotation, ...]
    """In the order in which they stand in the text."""
    data: list[Json]
    """The same in the format asked for."""
    unknown: tuple[str, ...]
    """Links to what is no file of the session, each once."""


def place_message(place: Place) -> execution_pb2.RunStepPlace:
    """For the wire."""
    return execution_pb2.RunStepPlace(
        thread_id=place.thread_id,
        run_id=place.run_id,
        assistant_id=place.assistant_id,
        step_id=place.step_id,
        more_calls=place.more_calls,
    )


def run_step(message: pb.RunStep) -> RunStep:
    """From the wire."""
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
    """From the wire."""
    steps = tuple(map(run_step, message.data))
    return RunStepPage(steps, message.first_id, message.last_id, message.has_more)


def run_step_event(message: pb.WatchRunStepsResponse) -> RunStepEvent:
    """From the wire."""
    data = json.loads(message.data)
    return RunStepEvent(message.step_id, message.sequence, message.event, data)


def annotations(message: pb.ResolveAnnotationsResponse) -> Annotations:
    """From the wire."""
    return Annotations(
        tuple(
            Annotation(item.text, item.start_index, item.end_index, file_of(item.file))
            for item in message.annotations
        ),
        json.loads(message.json),
        tuple(message.unknown),
    )
