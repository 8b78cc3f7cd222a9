"""`cellblock backup` and `restore`: copy and restore a server's state on its own machine."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cellblock_client.errors import Error

SERVERS_PROGRAM = (sys.executable, "-P", "-m", "cellblock_server.ops.backup")
"""Command of a separate process: the client does not import the server. `-P` as for the server."""

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of the backup.")]
Config = Annotated[
    Path | None, typer.Option(help="The server's configuration file.", dir_okay=False)
]
StateDir = Annotated[str | None, typer.Option(help="The server's state directory.")]


def backup(folder: Folder, config: Config = None, state_dir: StateDir = None) -> None:
    """Copy a server's database, stored files and secret into a folder, while it runs.

    Copies only what an earlier backup in the folder lacks. Run it on the server's machine, as its
    user. Exit code: 0, or 1 if bytes of stored files are missing or altered, which are then listed
    and left out.
    """
    _become("backup", folder, config, state_dir)


def restore(folder: Folder, config: Config = None, state_dir: StateDir = None) -> None:
    """Restore a backup into a state folder that has no database, and verify it.

    Run it as the server's user, while no server runs. Exit codes are those of `cellblock backup`.
    """
    _become("restore", folder, config, state_dir)


def _become(command: str, folder: Path, config: Path | None, state_dir: str | None) -> NoReturn:
    if find_spec("cellblock_server") is None:
        raise Error("the server is not installed: pip install 'cellblock[server]'")
    options = {"--config": config, "--state-dir": state_dir}
    arguments = [f"{name}={value}" for name, value in options.items() if value is not None]
    os.execv(sys.executable, [*SERVERS_PROGRAM, command, *arguments, "--", str(folder)])  # noqa: S606
