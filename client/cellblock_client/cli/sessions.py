"""`cellblock sessions`: lists, creates, restarts and deletes sessions."""

from typing import Annotated

import typer

from cellblock_client.channel import ADDRESS_VARIABLE
from cellblock_client.cli.access import open_client
from cellblock_client.cli.completions import session_ids
from cellblock_client.cli.output import Json, in_json, write_json
from cellblock_client.cli.tables import print_table, table_of
from cellblock_client.cli.words import plain, sanitized
from cellblock_client.types import SessionInfo

app = typer.Typer(invoke_without_command=True, help="List sessions, or act on one.")

Address = Annotated[
    str | None, typer.Option("--address", envvar=ADDRESS_VARIABLE, help="host:port or unix:/path.")
]
Id = Annotated[
    str, typer.Argument(metavar="SESSION", help="Session id, sess_….", autocompletion=session_ids)
]


@app.callback()
def sessions(context: typer.Context, address: Address = None, as_json: Json = None) -> None:
    """List sessions, newest first, or act on one."""
    context.obj = address
    if context.invoked_subcommand is not None:
        return
    if in_json(as_json):
        with open_client(address) as client:
            write_json(client.sessions.list())
        return
    table = table_of("session", "state", "executions", "created", "ends")
    with open_client(address) as client:
        for info in client.sessions.list():
            table.add_row(
                info.id,
                info.state.name.lower(),
                str(info.execution_count),
                f"{info.create_time:%Y-%m-%d %H:%M:%S}",
                _end(info),
            )
    print_table(table)


@app.command()
def show(context: typer.Context, session: Id, as_json: Json = None) -> None:
    """Show a session: state, limits, times, why it ended."""
    with open_client(context.obj) as client:
        info = client.sessions.get(session).info
    if in_json(as_json):
        write_json([info])
        return
    for name, value in vars(info).items():
        if value not in ("", None, (), {}):
            shown = str(getattr(value, "name", value))
            text = sanitized(shown) if name == "background_output" else plain(shown)
            typer.echo(f"{name}: {text}")


@app.command()
def create(context: typer.Context) -> None:
    """Create a session and print its id."""
    with open_client(context.obj) as client:
        typer.echo(client.sessions.create().id)


@app.command()
def restart(context: typer.Context, session: Id) -> None:
    """Restart the kernel: variables are lost, files stay."""
    with open_client(context.obj) as client:
        client.sessions.get(session).restart()


@app.command()
def delete(context: typer.Context, session: Id) -> None:
    """Delete a session and its /mnt/data."""
    with open_client(context.obj) as client:
        client.sessions.get(session).delete()


def _end(info: SessionInfo) -> str:
    if info.end_time is not None:
        return f"{info.end_time:%Y-%m-%d %H:%M:%S} ({plain(info.end_message)})"
    return f"{info.expire_time:%Y-%m-%d %H:%M:%S}" if info.expire_time else ""
