"""Entry point of the CLI: all commands and their options."""

import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from cellblock_client.channel import ADDRESS_VARIABLE
from cellblock_client.cli import (
    access,
    admin,
    backup,
    config,
    doctor,
    files,
    jupyter,
    logs,
    session_files,
    sessions,
    top,
)
from cellblock_client.cli.connection import open_session
from cellblock_client.cli.examples import EXAMPLES
from cellblock_client.cli.repl.loop import Repl, ReplTerminal
from cellblock_client.cli.run import run_code
from cellblock_client.cli.terminal import Terminal, print_error
from cellblock_client.embedded import SERVER
from cellblock_client.errors import Error

EXIT_REFUSED = 2
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
"""Exit code of a shell for a program that SIGPIPE ended: 128 and the signal's number."""


class _Commands(TyperGroup):
    """Group of all commands; a reader that closes the pipe, such as `head`, is not an error."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - Typer's own
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # Output that is still buffered is discarded, even at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(EXIT_BROKEN_PIPE) from None
        return code


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Plain: the same output in a pipe and in docs/reference/cli.md.
    rich_markup_mode=None,
)
app.callback()(access.options)
app.add_typer(sessions.app, name="sessions")
files.app.add_typer(session_files.app)
app.add_typer(files.app, name="files")
app.add_typer(admin.app, name="admin")
app.add_typer(jupyter.app, name="jupyter")
app.command(name="logs")(logs.logs)
app.command(name="top")(top.top)
app.command(name="doctor")(doctor.doctor)
app.command(name="config")(config.config)
app.command(name="backup")(backup.backup)
app.command(name="restore")(backup.restore)

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
        "--attach",
        exists=True,
        help="File or folder to put into /mnt/data; . is /mnt/data itself. May be repeated.",
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
    """Run a file, or standard input, in a sandbox and stream its output.

    Starts a temporary server if no address is set. Exit code: 0 if the code ran to its end, 1 if
    it raised an exception, 3 if it was ended by a limit or a fault, 130 if it was interrupted.
    """
    text, variables = code.read(), _variables(env or [])
    with open_session(address, backend, session, attach or [], unpack=unpack) as opened:
        terminal = Terminal(opened.client, output)
        raise typer.Exit(run_code(opened, text, terminal, time_limit, variables))


@app.command()
def repl(
    session: Annotated[
        str | None,
        typer.Argument(
            metavar="[SESSION]", help="Continue in this session, and leave it alive at the end."
        ),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave a new session alive.")] = False,
    attach: Attach = None,
    unpack: Unpack = False,
    output: Output = Path("out"),
    env: Env = None,
    address: Address = None,
    backend: Backend = None,
) -> None:
    """Type Python and see its output. %help lists commands, Ctrl-D exits.

    Tab completes names and F1 explains them. Ctrl-C interrupts the
    code, or clears what is typed. Exit code: 0, or 3 if the session ended meanwhile.
    """
    variables = _variables(env or [])
    if (session or keep) and not (address or access.configured_address()):
        what = "SESSION" if session else "--keep"
        raise typer.BadParameter(
            "requires a running server: pass --address or set CELLBLOCK_ADDRESS", param_hint=what
        )
    with open_session(address, backend, session, attach or [], unpack=unpack, keep=keep) as opened:
        terminal = ReplTerminal(opened.client, output, opened.session)
        code = Repl(opened, terminal, variables).run(resumed=session is not None)
        if keep and code == 0:
            typer.echo(f"the session is still alive: cellblock repl {opened.session.id}", err=True)
        raise typer.Exit(code)


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
    """Parse the values of `--env`; the server checks names and values."""
    variables = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals:
            raise typer.BadParameter(f"{item!r} is not NAME=VALUE", param_hint="--env")
        variables[name] = value
    return variables


def commands() -> Any:  # noqa: ANN401 - Typer's own
    """Return all commands, with their examples."""
    found = typer.main.get_command(app)
    for name, command in walk(found):
        lines = "\n".join(f"  {line}" for line in EXAMPLES[name])
        command.epilog = f"\b\nExamples:\n{lines}"
    return found


def walk(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Yield a command and those below it, with their names: `sessions show`."""
    yield name, command
    for inner, child in getattr(command, "commands", {}).items():
        yield from walk(child, f"{name} {inner}".strip())


def main() -> int:
    """Run the command line, and return the exit code."""
    try:
        code = commands().main(prog_name="cellblock", standalone_mode=False)
    except typer.Abort:
        return EXIT_INTERRUPTED
    except TyperException as error:
        _print_usage_error(error)
        return EXIT_REFUSED
    except Error as error:
        print_error(error)
        return EXIT_REFUSED
    except OSError as error:
        # A path that the user passed: report it, with what is wrong.
        print_error(Error(f"{error.filename or 'failed'}: {error.strerror or error}"))
        return EXIT_REFUSED
    return code if isinstance(code, int) else 0


def _print_usage_error(error: Any) -> None:  # noqa: ANN401 - of a class without a public name
    """Report a usage error in one line; without arguments, show help."""
    message, context = error.format_message(), getattr(error, "ctx", None)
    if "\n" in message:
        error.show()
        return
    where = f": see {context.command_path} --help" if context is not None else ""
    print_error(Error(f"{message.rstrip('.')}{where}"))
