"""Program behind `cellblock backup` and `restore`: copies a server's state, and restores a copy."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from cellblock_server.config import ConfigurationError, Settings, load
from cellblock_server.config.arguments import given
from cellblock_server.ops.backup.copies import BackupError, Report, back_up, restore

WORK: dict[str, Callable[[Settings, Path], Report]] = {"backup": back_up, "restore": restore}
DONE, DAMAGED, REFUSED = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit code: 0, 1 if bytes were damaged before, 2 if it failed."""
    options = _parser().parse_args(arguments)
    try:
        settings = load(options.config, given(options))
        report = WORK[options.command](settings, options.folder)
    except (ConfigurationError, BackupError) as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"{error.filename}: {error.strerror}" if error.strerror else str(error))
    words = f"{report.files} stored contents, {report.copied_bytes} bytes of them new"
    print(f"{options.command}: the database and {words}")  # noqa: T201 - what was asked for
    for damage in report.damaged:
        print(f"{damage.file_id}: {damage.problem}", file=sys.stderr)  # noqa: T201 - as above
    return DAMAGED if report.damaged else DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cellblock")
    parser.add_argument("command", choices=sorted(WORK))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--state-dir")
    parser.set_defaults(profile=None, listen=None, backend=None)
    return parser


def _refuse(words: str) -> int:
    print(words, file=sys.stderr)  # noqa: T201 - the final error, for the calling program
    return REFUSED


if __name__ == "__main__":
    sys.exit(main())
