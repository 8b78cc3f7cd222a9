"""`cellblock logs`: what a session ran, and what it showed."""

import sys
from typing import Annotated

import typer

from cellblock_client.cli.sessions import Address, Id
from cellblock_client.cli.terminal import cut_in_words, plain, sanitized
from cellblock_client.client import Client
from cellblock_client.events import (
    Completed,
    Display,
    DisplayUpdate,
    ErrorRaised,
    Event,
    FileDeleted,
    GeneratedFile,
    Image,
    KernelRestarted,
    OutputCut,
    Result,
    Stderr,
    Stdout,
)
from cellblock_client.types import ExecutionInfo, FileChange


def logs(
    session: Id,
    address: Address = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Wait for executions that have not ended.")
    ] = False,
) -> None:
    """Show a session's executions: code, output, images and files, in order."""
    with Client(address) as client:
        write_log(client, session, follow=follow)


def write_log(client: Client, session_id: str, *, follow: bool = False) -> None:
    """Write a session's log to standard output."""
    for execution in client.executions.list(session_id):
        sys.stdout.write(_heading(execution))
        if execution.end_time is None and not follow:
            sys.stdout.write("(has not ended)\n")
            continue
        for event in client.executions.watch(execution.id):
            sys.stdout.write(sanitized(_words(event)))
    info = client.sessions.get(session_id).info
    if late := info.background_output:
        sys.stdout.write(f"── written while no execution ran\n{sanitized(late)}")
    if info.background_changes:
        sys.stdout.write("── changed while no execution ran\n")
        sys.stdout.writelines(map(_change, info.background_changes))


def _heading(execution: ExecutionInfo) -> str:
    took = ""
    if execution.start_time and execution.end_time:
        took = f", {(execution.end_time - execution.start_time).total_seconds():.2f} s"
    code = "\n".join(f"  {line}" for line in sanitized(execution.code).splitlines())
    return f"── {execution.id} ({execution.status.name.lower()}{took})\n{code}\n"


def _words(event: Event) -> str:
    match event:
        case Stdout(text=text) | Stderr(text=text):
            return text
        case Result() | Display() | DisplayUpdate(file=None):
            return f"{event.text}\n"
        case Image(file=file):
            return f"[image {file.id} {file.filename}, {file.bytes} bytes]\n"
        case DisplayUpdate(file=file) if file is not None:
            return f"[image {file.id} {file.filename}, {file.bytes} bytes]\n"
        case GeneratedFile(file=file, path=path, skipped_reason=reason, renamed_from=before):
            return _change(FileChange(path, file, reason, before, deleted=False))
        case FileDeleted(path=path):
            return _change(FileChange(path, None, "", "", deleted=True))
        case ErrorRaised(error=error):
            return "\n".join(error.traceback) + "\n"
        case OutputCut():
            return f"{cut_in_words(event)}\n"
        case KernelRestarted(reason=reason):
            return f"[kernel restarted: {reason}]\n"
        case Completed(execution=execution) if execution.failure is not None:
            return f"[{execution.status.name.lower()}: {execution.failure.message}]\n"
        case _:
            return ""


def _change(change: FileChange) -> str:
    path, file = plain(change.path), change.file
    if change.deleted:
        return f"[file deleted: {path}]\n"
    if file is None:
        return f"[file not kept: {path}: {plain(change.skipped_reason)}]\n"
    moved = f" (was {plain(change.renamed_from)})" if change.renamed_from else ""
    return f"[file {file.id} {path or plain(file.filename)}{moved}, {file.bytes} bytes]\n"
