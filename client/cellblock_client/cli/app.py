"""All commands and their options."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from cellblock_client.channel import ADDRESS_VARIABLE
from cellblock_client.cli import access, admin, files, jupyter, logs, session_files, sessions
from cellblock_client.cli.connection import connected
from cellblock_client.cli.repl import Repl
from cellblock_client.cli.run import run_code
from cellblock_client.cli.terminal import Terminal, complain
from cellblock_client.embedded import SERVER
from cellblock_client.errors import Error

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.callback()(access.options)
app.add_typer(sessions.app, name="sessions")
files.app.add_typer(session_files.app)
app.add_typer(files.app, name="files")
app.add_typer(admin.app, name="admin")
app.add_typer(jupyter.app, name="jupyter")
app.command(name="logs")(logs.logs)

Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        envvar=ADDRESS_VARIABLE,
        help="Server to use, host:port or unix:/path. Without one, a server is started for this "
        "command and stopped after it.",
    ),
]
Backend = Annotated[
    str | None,
    typer.Option(help="For a server that is started: docker, or local for trusted code."),
]
Attach = Annotated[
    list[Path] | None,
    typer.Option(
        "--attach", exists=True, help="File or folder to put at /mnt/data; may be repeated."
    ),
]
Unpack = Annotated[
    bool, typer.Option("--unpack", help="Unpack attached archives (ZIP, tar) into folders.")
]
Session = Annotated[
    str | None, typer.Option("--session", help="Use this session, and leave it alive.")
]
Env = Annotated[
    list[str] | None,
    typer.Option(
        "--env", metavar="NAME=VALUE", help="Environment variable for the code; may be repeated."
    ),
]
Output = Annotated[
    Path, typer.Option("--output", help="Folder for images and files that the code makes.")
]


@app.command()
def run(
    code: Annotated[typer.FileText, typer.Argument(metavar="FILE_OR_-", help="Python code.")],
    attach: Attach = None,
    unpack: Unpack = False,
    session: Session = None,
    output: Output = Path("out"),
    env: Env = None,
    time_limit: Annotated[float | None, typer.Option(help="Seconds that the code may run.")] = None,
    address: Address = None,
    backend: Backend = None,
) -> None:
    """Run a file, or standard input, and show what it shows.

    Exit code: 0 if it ran to its end, 1 if it raised an exception, 3 if it was
    ended by a limit or a fault, 130 if it was interrupted.
    """
    text, variables = code.read(), _variables(env or [])
    with connected(address, backend, session, attach or [], unpack=unpack) as opened:
        terminal = Terminal(opened.client, output)
        raise typer.Exit(run_code(opened, text, terminal, time_limit, variables))


@app.command()
def repl(
    attach: Attach = None,
    unpack: Unpack = False,
    session: Session = None,
    output: Output = Path("out"),
    env: Env = None,
    address: Address = None,
    backend: Backend = None,
) -> None:
    """Type Python, see what it shows. Ctrl-C interrupts the code, Ctrl-D leaves."""
    variables = _variables(env or [])
    with connected(address, backend, session, attach or [], unpack=unpack) as opened:
        Repl(opened, Terminal(opened.client, output), variables).run()


@app.command(
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": [],
    }
)
def serve(context: typer.Context) -> None:
    """Run the server; `cellblock serve --help` lists its options."""
    if find_spec("cellblock_server") is None:
        raise Error("the server is not installed: pip install 'cellblock[server]'")
    # This process becomes the server, so that signals reach it.
    os.execv(sys.executable, [*SERVER, *context.args])  # noqa: S606


def _variables(given: list[str]) -> dict[str, str]:
    """What `--env` was given; the server checks names and values."""
    variables = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals:
            raise typer.BadParameter(f"{item!r} is not NAME=VALUE", param_hint="--env")
        variables[name] = value
    return variables


def main() -> int:
    """Run the command line; the exit code."""
    try:
        app(standalone_mode=True)
    except Error as error:
        complain(error)
        return 2
    except OSError as error:
        # A path of the user's: what it is and what is wrong with it.
        complain(Error(f"{error.filename or 'failed'}: {error.strerror or error}"))
        return 2
    return 0
