"""Entry point of the `cellblock` command."""

import sys


def main() -> None:
    """Run the command, or report a missing extra."""
    try:
        from cellblock_client.cli.app import main as run
    except ModuleNotFoundError as error:
        sys.exit(f"{error.name} is not installed: pip install 'cellblock[cli]'")
    sys.exit(run())
