"""Print the effective configuration of a server: the program behind `cellblock config --server`.

It reads the configuration as the server does. Prints one JSON object a line: key, value, source.
"""

import argparse
import json
import sys
from collections.abc import Sequence

from cellblock_server.config import ConfigurationError, read_configuration
from cellblock_server.config.arguments import add_options, given


def main(arguments: Sequence[str] | None = None) -> int:
    """Print all keys, then warnings on standard error; return 2 for a wrong configuration."""
    parser = argparse.ArgumentParser(prog="python -m cellblock_server.ops.show_configuration")
    add_options(parser)
    options = parser.parse_args(arguments)
    try:
        configuration = read_configuration(options.config, given(options))
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the reason of the exit code
        return 2
    for value in configuration.effective_values():
        line = {"key": value.key.name, "value": value.shown, "source": value.source}
        print(json.dumps(line))  # noqa: T201 - the purpose of this program
    for warning in configuration.warnings():
        print(warning, file=sys.stderr)  # noqa: T201 - as above
    return 0


if __name__ == "__main__":
    sys.exit(main())
