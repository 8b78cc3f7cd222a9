"""`cellblock image`: what code finds in sessions of an image."""

import sys
from contextlib import ExitStack
from enum import Enum
from typing import Annotated

import typer

from cellblock_client.channel import ADDRESS_VARIABLE
from cellblock_client.cli.access import ACCESS, OWN_SERVER, configured_address, open_client
from cellblock_client.cli.output import Json, in_json, write_json
from cellblock_client.cli.words import sanitized
from cellblock_client.embedded import embedded_server

app = typer.Typer(no_args_is_help=True, help="Describe sandbox images.")


class Form(Enum):
    """Length of a description."""

    SHORT = "short"
    LONG = "long"


@app.callback()
def image() -> None:
    """Describe sandbox images."""


@app.command()
def describe(
    image: Annotated[
        str, typer.Argument(metavar="[IMAGE]", help="Image of sessions. Default: the server's.")
    ] = "",
    form: Annotated[
        Form,
        typer.Option(
            help="short: at most 1,200 characters, packages by use. long: all, with versions."
        ),
    ] = Form.SHORT,
    network: Annotated[
        str, typer.Option(help="Network of sessions, none or proxy. Default: the server's.")
    ] = "",
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            envvar=ADDRESS_VARIABLE,
            help="Server to use, host:port or unix:/path. Without one, a server is started for "
            "this command and stopped after it.",
        ),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(help="For a server that is started: docker, or local for trusted code."),
    ] = None,
    as_json: Json = None,
) -> None:
    """Print what an image has and what code may do, as text for a model's prompt.

    Packages, programs, fonts, limits, paths and network. Starts a temporary server if no address is
    set.
    """
    with ExitStack() as stack:
        address = address or configured_address()
        if not address:
            address = stack.enter_context(embedded_server(backend))
            ACCESS.set(OWN_SERVER)
        client = stack.enter_context(open_client(address))
        found = client.sessions.describe_image(image, network=network)
    if in_json(as_json):
        write_json([found])
        return
    text = found.short_text if form is Form.SHORT else found.long_text
    sys.stdout.write(sanitized(text) + "\n")
