"""`cellblock files`: look at stored files, and move them. `session_files.py` has the rest."""

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, cast

import typer

from cellblock_client.cli import parameters
from cellblock_client.cli.access import open_client
from cellblock_client.cli.completions import file_ids
from cellblock_client.cli.output import Json, in_json, write_json
from cellblock_client.cli.sessions import Address
from cellblock_client.cli.tables import print_table, table_of
from cellblock_client.cli.targets import Force, TargetPath, goes_to_terminal, writing_to
from cellblock_client.cli.terminal import print_error
from cellblock_client.cli.transfers import transfer
from cellblock_client.cli.words import plain
from cellblock_client.client import Client
from cellblock_client.content import Progress, Source
from cellblock_client.errors import Error
from cellblock_client.types import File, FilePurpose, ListOrder

app = typer.Typer(
    invoke_without_command=True,
    help="List stored files, or act on some: the server's, and those in a session's /mnt/data.",
)

Id = Annotated[str, typer.Argument(metavar="FILE", help="Its id, file-….", autocompletion=file_ids)]


@app.callback()
def files(
    context: typer.Context,
    address: Address = None,
    session: Annotated[str, typer.Option(help="Only files that this session generated.")] = "",
    execution: Annotated[str, typer.Option(help="Only files that this execution generated.")] = "",
    purpose: Annotated[
        FilePurpose | None,
        typer.Option(
            parser=parameters.purpose,
            metavar="|".join(parameters.PURPOSES),
            help="Only files of this purpose.",
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="Only files of this name.")] = "",
    order: Annotated[
        ListOrder | None,
        typer.Option(
            parser=parameters.order, metavar="asc|desc", help="By time; newest first by default."
        ),
    ] = None,
    as_json: Json = None,
) -> None:
    """List stored files, or act on some."""
    context.obj = address
    if context.invoked_subcommand is not None:
        return
    table = table_of("file", "name", "bytes", "type", "created", "expires")
    with open_client(address) as client:
        found = client.files.list(
            session_id=session,
            execution_id=execution,
            purpose=purpose,
            filename=name,
            order=order,
        )
        if in_json(as_json):
            write_json(found)
            return
        for file in found:
            table.add_row(
                file.id,
                plain(file.filename),
                str(file.bytes),
                file.mime_type,
                f"{file.create_time:%Y-%m-%d %H:%M:%S}",
                f"{file.expire_time:%Y-%m-%d %H:%M:%S}" if file.expire_time else "",
            )
    print_table(table)


@app.command()
def upload(
    context: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(
            parser=parameters.source, metavar="PATH|-", help="File; - is standard input."
        ),
    ],
    name: Annotated[str, typer.Option(help="Name to store it under; needed for -.")] = "",
    purpose: Annotated[
        FilePurpose,
        typer.Option(
            parser=parameters.purpose,
            metavar=parameters.UPLOADABLE,
            help="What it is for.",
            show_default="assistants",
        ),
    ] = "assistants",  # type: ignore[assignment] # parsed
    expires_after: Annotated[
        timedelta | None,
        typer.Option(
            parser=parameters.duration,
            metavar="TIME",
            help="Delete it so long after it was stored, such as 7d, 12h or 90s.",
        ),
    ] = None,
) -> None:
    """Store files and print their ids. An interrupted upload resumes by itself."""
    if name and len(paths) > 1:
        raise typer.BadParameter("is for one file", param_hint="--name")
    for path in paths:
        source = source_of(path)

        def store(client: Client, shown: Progress | None, source: Source = source) -> File:
            return client.files.upload(
                source, name or None, purpose=purpose, expires_after=expires_after, progress=shown
            )

        typer.echo(transfer(context.obj, name or path.name, store).id)


@app.command()
def download(
    context: typer.Context, file: Id, target: TargetPath = None, force: Force = False
) -> None:
    """Download a stored file. An existing file is not overwritten."""
    with open_client(context.obj) as client:
        name = client.files.get(file).filename
    with writing_to(target, plain(name), force=force) as opened:
        transfer(
            context.obj,
            name,
            lambda client, shown: client.files.download(file, opened, progress=shown),
            bar=not goes_to_terminal(target),
        )


@app.command()
def show(context: typer.Context, file: Id, as_json: Json = None) -> None:
    """Show the metadata of a stored file."""
    with open_client(context.obj) as client:
        found = client.files.get(file)
    if in_json(as_json):
        write_json([found])
        return
    for name, value in vars(found).items():
        if value not in ("", None):
            typer.echo(f"{name}: {plain(str(getattr(value, 'name', value)))}")


@app.command()
def delete(
    context: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="Their ids, file-….", autocompletion=file_ids),
    ],
) -> None:
    """Delete stored files; attached copies stay."""
    failed = False
    with open_client(context.obj) as client:
        for file in files:
            try:
                client.files.delete(file)
            except Error as error:
                print_error(error)
                failed = True
    if failed:
        raise typer.Exit(2)


def source_of(path: Path) -> Source:
    """Open a path, or standard input for `-`, unbuffered so that nothing waits at the end."""
    if str(path) == parameters.STDIN:
        return cast(Source, os.fdopen(sys.stdin.fileno(), "rb", buffering=0, closefd=False))
    return path
