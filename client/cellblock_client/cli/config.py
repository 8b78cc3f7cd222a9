"""`cellblock config`: the settings of the CLI or the server, and where each value comes from."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from cellblock_client.cli import settings
from cellblock_client.cli.access import GIVEN
from cellblock_client.cli.output import Json, in_json, write_json
from cellblock_client.cli.tables import print_table, table_of
from cellblock_client.cli.words import plain
from cellblock_client.errors import Error

OPTION = "option"
SERVERS_PROGRAM = (sys.executable, "-P", "-m", "cellblock_server.ops.show_configuration")
"""Command of a separate process: the client does not import the server. `-P` as for the server."""


def config(
    server: Annotated[
        bool, typer.Option("--server", help="Show the server's settings on this machine.")
    ] = False,
    file: Annotated[
        Path | None,
        typer.Option("--config", help="With --server: its configuration file.", dir_okay=False),
    ] = None,
    as_json: Json = None,
) -> None:
    """Show the settings of the CLI, or of the server, and where each value comes from.

    Options before the command's name override environment variables, which override the table
    [client] of the file.
    """
    if server:
        _show_servers(file, as_json=in_json(as_json))
        return
    if file is not None:
        raise typer.BadParameter("needs --server", param_hint="--config")
    found = settings.values()
    found |= {name: settings.Value(value, OPTION) for name, value in GIVEN.get({}).items()}
    if in_json(as_json):
        write_json(
            {"key": name, "value": value.value, "source": value.source}
            for name, value in found.items()
        )
        return
    path = settings.config_file()
    typer.echo(f"file: {plain(str(path))}{'' if path.exists() else ' (there is none)'}")
    table = table_of("key", "value", "from", "what it is")
    for name, value in found.items():
        shown = "" if value.value is None else str(value.value)
        table.add_row(name, plain(shown), plain(value.source), settings.SETTINGS[name].help)
    print_table(table)


def _show_servers(file: Path | None, *, as_json: bool) -> None:
    if find_spec("cellblock_server") is None:
        raise Error("the server is not installed: pip install 'cellblock[server]'")
    options = [] if file is None else [f"--config={file}"]
    done = subprocess.run(  # noqa: S603 - our own module
        [*SERVERS_PROGRAM, *options], check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise Error(done.stderr.strip())
    found = [json.loads(line) for line in done.stdout.splitlines()]
    if as_json:
        write_json(found)
    else:
        table = table_of("key", "value", "from")
        for value in found:
            table.add_row(*(plain(value[name]) for name in ("key", "value", "source")))
        print_table(table)
    typer.echo(plain(done.stderr), err=True, nl=False)
