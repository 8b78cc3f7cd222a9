"""`cellblock config`: the command's settings, and where each comes from."""

import typer

from cellblock_client.cli import settings
from cellblock_client.cli.access import GIVEN
from cellblock_client.cli.output import Json, in_json, write_json
from cellblock_client.cli.tables import print_table, table_of
from cellblock_client.cli.words import plain

OPTION = "option"


def config(as_json: Json = None) -> None:
    """Show the command's settings, and where each value comes from.

    An option before the command's name counts more than an environment variable, and that more
    than the table [client] of the file.
    """
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
