"""Commands of the REPL itself. The kernel handles all other lines that begin with `%`."""

import shlex
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from cellblock_client.cli.connection import OpenedSession
from cellblock_client.cli.folder import Folder
from cellblock_client.cli.repl.status import limit_lines, state_lines
from cellblock_client.cli.transfers import attach_path, note_skipped, transfer
from cellblock_client.cli.words import plain, shown_path
from cellblock_client.errors import Error

HELP = """\
Python is run in the session, IPython's magics and !commands included.

  Tab           complete: names, attributes, paths
  name?, F1     what a name is; name?? with its source
  Enter         run, if the code is complete; Alt-Enter: another line
  Ctrl-C        interrupt the code, or clear what is typed; Ctrl-R: search the history
  Ctrl-D        leave (exit, quit)
"""


@dataclass(frozen=True)
class Context:
    """Objects that commands work with."""

    opened: OpenedSession
    folder: Folder
    """Directory for downloads, unless a path is given."""


@dataclass(frozen=True)
class Command:
    """Command of the REPL: its usage and its action."""

    usage: str
    help: str
    run: Callable[[Context, list[str]], None]
    most: int
    """Maximum number of arguments."""
    least: int = 0


def find_command(code: str) -> tuple[Command, list[str]] | None:
    """Parse a command and its arguments. Raises Error for wrong ones."""
    line, name = code.strip(), name_of(code)
    command = COMMANDS.get(name)
    if command is None or "\n" in line:
        return None
    try:
        arguments = shlex.split(line)[1:]
    except ValueError as error:
        raise Error(f"{name}: {error}") from error
    if not command.least <= len(arguments) <= command.most:
        raise Error(f"usage: {command.usage}")
    return command, arguments


def name_of(code: str) -> str:
    """Return the first word of a line."""
    words = code.split(maxsplit=1)
    return words[0] if words else ""


def _help(_context: Context, _arguments: list[str]) -> None:
    width = max(len(command.usage) for command in COMMANDS.values())
    _say([HELP, *(f"  {one.usage:{width}}  {one.help}" for one in COMMANDS.values())])


def _upload(context: Context, arguments: list[str]) -> None:
    path = Path(arguments[0]).expanduser()
    name = arguments[1] if len(arguments) > 1 else ""
    opened = context.opened
    attached = attach_path(opened.client.address, opened.session.id, path, name, unpack=False)
    opened.uploads.add(attached.file_id)
    note_skipped(attached)
    _say([plain(attached.path)])


def _download(context: Context, arguments: list[str]) -> None:
    path, opened = arguments[0], context.opened
    if len(arguments) > 1:
        target = Path(arguments[1]).expanduser()
        if target.exists():
            raise Error(f"{target} exists")
    else:
        target = context.folder.free_path(path)
    transfer(
        opened.client.address,
        path,
        lambda client, shown: client.sessions.get(opened.session.id).files.download(
            path, target, progress=shown
        ),
    )
    _say([str(target)])


def _files(context: Context, arguments: list[str]) -> None:
    found = context.opened.session.files.list(*arguments)
    _say(f"{file.bytes:>12}  {shown_path(file)}" for file in found)
    if found.incomplete:
        _say(["[more files exist than can be listed]"])


def _limits(context: Context, _arguments: list[str]) -> None:
    _say(limit_lines(context.opened.session.refresh()))


def _session(context: Context, _arguments: list[str]) -> None:
    _say(state_lines(context.opened.session.refresh()))


def _restart(context: Context, _arguments: list[str]) -> None:
    _say([f"kernel {context.opened.session.restart().kernel_generation}: variables are lost"])


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(line + "\n")


COMMANDS = {
    command.usage.split()[0]: command
    for command in (
        Command("%help", "this list", _help, 0),
        Command("%upload PATH [NAME]", "put a file or folder at /mnt/data", _upload, 2, 1),
        Command("%download PATH [TARGET]", "fetch a file from /mnt/data", _download, 2, 1),
        Command("%files [FOLDER]", "list the files in /mnt/data", _files, 1),
        Command("%session", "show the session's state, and when it ends", _session, 0),
        Command("%limits", "show the session's limits", _limits, 0),
        Command("%restart", "restart the kernel: variables are lost, files stay", _restart, 0),
    )
}
"""Commands by name. IPython has no magic of these names; a test checks that."""
