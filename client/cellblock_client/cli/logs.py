"""`cellblock logs`: executions of a session with their output."""

import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from cellblock_client.cli.access import open_client
from cellblock_client.cli.folder import Folder
from cellblock_client.cli.output import plain_json
from cellblock_client.cli.pretty_log import PrettyLog
from cellblock_client.cli.sessions import Address, Id
from cellblock_client.cli.words import plain, sanitized
from cellblock_client.client import Client
from cellblock_client.errors import Error
from cellblock_client.events import Code, Completed, ErrorRaised, Event, GeneratedFile
from cellblock_client.run_step_types import RunStep, RunStepEvent, RunStepFormat
from cellblock_client.types import ExecutionInfo, ListOrder


class LogFormat(Enum):
    """Output format of a log."""

    PRETTY = "pretty"
    JSON = "json"
    OPENAI = "openai"
    RESPONSES = "responses"
    MODEL = "model"


SHAPES = {
    LogFormat.OPENAI: RunStepFormat.ASSISTANTS,
    LogFormat.RESPONSES: RunStepFormat.RESPONSES,
}
EVENT_NAMES: dict[type[Event], str] = {GeneratedFile: "file", ErrorRaised: "error"}
"""Event names where the proto's differ from the class names."""


def logs(
    session: Id,
    address: Address = None,
    run: Annotated[
        str, typer.Option("--run", metavar="ID", help="Show executions of this run only.")
    ] = "",
    follow: Annotated[
        bool, typer.Option("--follow", help="Follow new executions until the session ends.")
    ] = False,
    form: Annotated[
        LogFormat,
        typer.Option(
            "--format",
            help="pretty: for people. json: a line for each event. openai, responses: run steps "
            "as those APIs have them; with --follow, their events. model: text for a model.",
        ),
    ] = LogFormat.PRETTY,
    output: Annotated[
        Path | None, typer.Option("--output", help="Folder to save images and files in (pretty).")
    ] = None,
) -> None:
    """Show a session's executions: code, output, images and files, in order.

    Images are shown if the terminal can draw them: see `cellblock config`.
    """
    if output and form is not LogFormat.PRETTY:
        raise typer.BadParameter("goes with --format pretty only", param_hint="--output")
    with open_client(address) as client:
        selection = LogSelection(client, client.sessions.get(session).id, run, follow=follow)
        if form in SHAPES:
            write_steps(selection, SHAPES[form])
        elif form is LogFormat.MODEL:
            write_for_model(selection)
        elif form is LogFormat.JSON:
            write_json(selection)
        else:
            write_pretty(selection, Folder(client, output) if output else None)


class LogSelection:
    """Executions of a session that are to be shown."""

    def __init__(self, client: Client, session_id: str, run_id: str, *, follow: bool) -> None:
        """Select all executions if no run is given."""
        self.client = client
        self.session_id = session_id
        self.run_id = run_id
        self.follow = follow

    def executions(self) -> Iterator[tuple[str, ExecutionInfo | None]]:
        """Yield ids of executions, oldest first, with their records if they are already known."""
        if self.follow:
            for event in self.step_events(RunStepFormat.ASSISTANTS):
                for execution_id in begun_execution_ids(event):
                    yield execution_id, None
            return
        steps = {step.id for step in self.steps(RunStepFormat.ASSISTANTS)} if self.run_id else None
        for execution in self.client.executions.list(self.session_id):
            if steps is None or execution.step_id in steps:
                yield execution.id, execution

    def events(self, execution_id: str, known: ExecutionInfo | None) -> Iterator[Event]:
        """Yield an execution's events: to its end, or only those stored so far."""
        for event in self.client.executions.watch(execution_id):
            yield event
            if known and event.sequence >= known.last_sequence:
                return

    def steps(self, form: RunStepFormat) -> Iterator[RunStep]:
        """Yield run steps, oldest first."""
        found = self.client.run_steps.iterate(
            session_id=self.session_id,
            run_id=self.run_id,
            order=ListOrder.ASCENDING,
            format=form,
        )
        first = next(found, None)
        if first is not None:
            yield first
        elif self.run_id:
            raise Error(f"no run {plain(self.run_id)!r} in session {self.session_id}")
        yield from found

    def step_events(self, form: RunStepFormat) -> Iterator[RunStepEvent]:
        """Yield events of run steps, past ones first and then live ones, until the session ends."""
        # Of the session, not of the run: the server does not report the end of a run.
        step_id, shown = "", True
        for event in self.client.run_steps.watch(session_id=self.session_id, format=form):
            if self.run_id and event.step_id != step_id:
                step_id = event.step_id
                shown = self.client.run_steps.get(step_id).run_id == self.run_id
            if shown:
                yield event


def write_pretty(selection: LogSelection, folder: Folder | None) -> None:
    """Write a log for people."""
    log = PrettyLog(selection.client, folder)
    for execution_id, known in selection.executions():
        last: Event | None = None
        for last in selection.events(execution_id, known):
            log.show(last, known)
        if not isinstance(last, Completed):
            log.has_not_ended()
    if not selection.run_id:
        log.background(selection.client.sessions.get(selection.session_id).info)


def write_json(selection: LogSelection) -> None:
    """Write a line for each event of an execution; the first one has its code.

    Code that was sent in pieces is in events of its own.
    """
    for execution_id, known in selection.executions():
        execution = known or selection.client.executions.get(execution_id)
        for event in selection.events(execution_id, known):
            name = EVENT_NAMES.get(type(event)) or re.sub(
                r"(?<!^)(?=[A-Z])", "_", type(event).__name__
            )
            data = {"event": name.lower(), **asdict(event)}
            if event.sequence == 1:
                data["step_id"] = execution.step_id
                if not isinstance(event, Code):
                    data["code"] = execution.code
            if isinstance(event, Completed):
                # These are in the record already, and left out of the event.
                del data["execution"]["code"], data["execution"]["outputs"]
            _write_line(_json(data))


def write_for_model(selection: LogSelection) -> None:
    """Write the text that a model gets of each execution, under a line with its id."""
    for execution_id, known in selection.executions():
        if known is None:
            for _ in selection.events(execution_id, known):
                pass
        text = selection.client.executions.for_model(execution_id)
        _write_line(f"── {execution_id}\n{sanitized(text)}")


def write_steps(selection: LogSelection, form: RunStepFormat) -> None:
    """Write run steps as an array, or their events as server-sent ones."""
    if selection.follow:
        for event in selection.step_events(form):
            _write_line(f"event: {plain(event.event)}\ndata: {_json(event.data)}\n")
        return
    separator = "["
    for item in _items(selection.steps(form)):
        _write_line(f"{separator}\n{_json(item)}", end="")
        separator = ","
    _write_line("[]" if separator == "[" else "\n]")


def begun_execution_ids(event: RunStepEvent) -> list[str]:
    """Yield the ids of the executions that begin with an event in the Assistants API's format."""
    details = event.data.get("delta", {}).get("step_details", {})
    return [call["id"] for call in details.get("tool_calls", []) if call.get("id")]


def _items(steps: Iterable[RunStep]) -> Iterator[Any]:
    for step in steps:
        if isinstance(step.data, list):
            yield from step.data
        else:
            yield step.data


def _write_line(text: str, end: str = "\n") -> None:
    sys.stdout.write(text + end)
    sys.stdout.flush()


def _json(value: object) -> str:
    # Escaped beyond ASCII, so that a terminal interprets nothing in it.
    return json.dumps(value, default=plain_json)
