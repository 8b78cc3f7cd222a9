"""`cellblock files`: commands for the files in a session's `/mnt/data`."""

import sys
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from cellblock_client.cli import parameters
from cellblock_client.cli.access import open_client
from cellblock_client.cli.files import Id, source_of
from cellblock_client.cli.output import Json, in_json, write_json
from cellblock_client.cli.sessions import Id as SessionId
from cellblock_client.cli.targets import Force, TargetPath, goes_to_terminal, writing_to
from cellblock_client.cli.transfers import attach_path, note_skipped, transfer
from cellblock_client.cli.words import plain, shown_path
from cellblock_client.types import File

app = typer.Typer()

DataPath = Annotated[
    str, typer.Argument(metavar="PATH", help="Path below /mnt/data, relative or absolute.")
]


@app.command()
def attach(
    context: typer.Context,
    session: SessionId,
    file: Annotated[
        str, typer.Argument(metavar="FILE_OR_PATH", help="A stored file's id, a file or a folder.")
    ],
    name: Annotated[str, typer.Option(help="Name in /mnt/data; its own by default.")] = "",
    unpack: Annotated[
        bool, typer.Option("--unpack", help="Unpack an archive (ZIP, tar) into a folder.")
    ] = False,
) -> None:
    """Attach a file or a folder to a session, and print its path."""
    path = Path(file)
    item: Path | File = path
    if file.startswith("file-") and not path.exists():
        with open_client(context.obj) as client:
            item = client.files.get(file)
    attached = attach_path(context.obj, session, item, name, unpack=unpack)
    note_skipped(attached)
    typer.echo(plain(attached.path))


@app.command()
def detach(context: typer.Context, session: SessionId, file: Id) -> None:
    """Remove an attached file, or the folder it was unpacked into, from a session."""
    with open_client(context.obj) as client:
        client.sessions.get(session).detach(file)


@app.command(name="ls")
def list_(
    context: typer.Context,
    session: SessionId,
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="List only this folder.")] = "",
    depth: Annotated[int, typer.Option(min=0, help="How many levels of folders; 0 for all.")] = 0,
    as_json: Json = None,
) -> None:
    """List the files in a session: bytes, time and path. A folder ends with a slash.

    A link is followed by an arrow and its target.
    """
    with open_client(context.obj) as client:
        found = client.sessions.get(session).files.list(folder, depth=depth)
    if in_json(as_json):
        write_json(found)
    else:
        for file in found:
            time = f"{file.modify_time:%Y-%m-%d %H:%M:%S}"
            typer.echo(f"{file.bytes:>12}  {time}  {shown_path(file)}")
    if found.incomplete:
        sys.stderr.write("[more files exist than can be listed]\n")


@app.command()
def stat(context: typer.Context, session: SessionId, path: DataPath, as_json: Json = None) -> None:
    """Show size, time, type and permissions of a file in a session."""
    with open_client(context.obj) as client:
        found = client.sessions.get(session).files.stat(path)
    if in_json(as_json):
        write_json([found])
        return
    typer.echo(f"path: {plain(found.path)}")
    typer.echo(f"type: {found.type.name.lower()}")
    typer.echo(f"bytes: {found.bytes}")
    typer.echo(f"mode: {found.mode:04o}")
    typer.echo(f"modified: {found.modify_time:%Y-%m-%d %H:%M:%S}")
    if found.link_target:
        typer.echo(f"target: {plain(found.link_target)}")


@app.command()
def mv(
    context: typer.Context,
    session: SessionId,
    path: DataPath,
    new_path: Annotated[str, typer.Argument(metavar="NEW_PATH", help="Its new path, likewise.")],
    force: Force = False,
) -> None:
    """Rename or move a file or folder in a session, and print its new path."""
    with open_client(context.obj) as client:
        moved = client.sessions.get(session).files.rename(path, new_path, overwrite=force)
    typer.echo(plain(moved.path))


@app.command()
def chmod(
    context: typer.Context,
    session: SessionId,
    mode: Annotated[
        int, typer.Argument(parser=parameters.mode, metavar="MODE", help="In octal, such as 755.")
    ],
    path: DataPath,
) -> None:
    """Set the permissions of a file or folder in a session."""
    with open_client(context.obj) as client:
        client.sessions.get(session).files.chmod(path, mode)


@app.command()
def read(
    context: typer.Context,
    session: SessionId,
    path: DataPath,
    target: TargetPath = None,
    offset: Annotated[int, typer.Option(min=0, help="First byte wanted.")] = 0,
    length: Annotated[int, typer.Option(min=0, help="How many bytes; 0 for all.")] = 0,
    force: Force = False,
) -> None:
    """Download a file from a session. An existing file is not overwritten."""
    with writing_to(target, PurePosixPath(path).name, force=force) as opened:
        transfer(
            context.obj,
            path,
            lambda client, shown: client.sessions.get(session).files.download(
                path, opened, offset=offset, length=length, progress=shown
            ),
            bar=not goes_to_terminal(target),
        )


@app.command()
def write(
    context: typer.Context,
    session: SessionId,
    path: DataPath,
    source: Annotated[
        Path,
        typer.Argument(
            parser=parameters.source, metavar="SOURCE|-", help="File; - is standard input."
        ),
    ],
) -> None:
    """Write a file in a session, replacing what was there, and print its path."""
    file = transfer(
        context.obj,
        path,
        lambda client, shown: client.sessions.get(session).files.write(
            path, source_of(source), progress=shown
        ),
    )
    typer.echo(plain(file.path))


@app.command()
def rm(
    context: typer.Context,
    session: SessionId,
    path: DataPath,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Folders with all that is in them.")
    ] = False,
) -> None:
    """Remove a file, a link or an empty folder from a session."""
    with open_client(context.obj) as client:
        client.sessions.get(session).files.delete(path, recursive=recursive)


@app.command()
def mkdir(context: typer.Context, session: SessionId, path: DataPath) -> None:
    """Create a folder in a session, with its parents."""
    with open_client(context.obj) as client:
        client.sessions.get(session).files.create_folder(path)


@app.command(name="zip")
def zip_(
    context: typer.Context,
    session: SessionId,
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="Folder to fetch; all by default.")
    ] = "",
    target: TargetPath = None,
    force: Force = False,
) -> None:
    """Download a folder from a session as a ZIP archive."""
    name = f"{PurePosixPath(folder).name or session}.zip"
    with writing_to(target, name, force=force) as opened:
        transfer(
            context.obj,
            name,
            lambda client, shown: client.sessions.get(session).files.download_folder(
                folder, opened, progress=shown
            ),
            bar=not goes_to_terminal(target),
        )
