"""`cellblock files`: look at stored files, and move them."""

from pathlib import Path
from typing import Annotated

import typer

from cellblock_client.cli.sessions import Address
from cellblock_client.cli.tables import print_table, table_of
from cellblock_client.cli.terminal import sanitized
from cellblock_client.client import Client

app = typer.Typer(invoke_without_command=True, help="List files, or act on one.")

Id = Annotated[str, typer.Argument(metavar="FILE")]


@app.callback()
def files(
    context: typer.Context,
    address: Address = None,
    session: Annotated[str, typer.Option(help="Only files that this session generated.")] = "",
) -> None:
    """List files, newest first."""
    context.obj = address
    if context.invoked_subcommand is not None:
        return
    table = table_of("file", "name", "bytes", "type", "created")
    with Client(address) as client:
        for file in client.files.list(session_id=session):
            created = f"{file.create_time:%Y-%m-%d %H:%M:%S}"
            name = sanitized(file.filename)
            table.add_row(file.id, name, str(file.bytes), file.mime_type, created)
    print_table(table)


@app.command()
def upload(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
) -> None:
    """Store a file and print its id."""
    with Client(context.obj) as client:
        typer.echo(client.files.upload(path).id)


@app.command()
def download(
    context: typer.Context,
    file: Id,
    target: Annotated[Path | None, typer.Argument(help="Default: the file's own name.")] = None,
) -> None:
    """Fetch a file; an existing one is not overwritten."""
    with Client(context.obj) as client:
        path = target or Path(Path(client.files.get(file).filename).name)
        if path.exists():
            raise typer.BadParameter(f"{path} exists")
        client.files.download(file, path)
    typer.echo(path)


@app.command()
def delete(context: typer.Context, file: Id) -> None:
    """Forget a file."""
    with Client(context.obj) as client:
        client.files.delete(file)
