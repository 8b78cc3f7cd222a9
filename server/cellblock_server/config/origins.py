"""Source of each value of the configuration: a flag, a variable, or a line of the file."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any

from cellblock_server.config.former_keys import FORMER_NAMES, RENAMED
from cellblock_server.config.profiles import profile_value
from cellblock_server.config.settings import DELIMITER, PREFIX, Settings

HEADER = re.compile(r"\s*\[\[?\s*([^\]]+?)\s*\]")
ASSIGNMENT = re.compile(r"\s*([A-Za-z0-9_.\-\" ]+?)\s*=")
FLAGS = {
    "profile": "--profile",
    "server.listen": "--listen",
    "server.state_dir": "--state-dir",
    "sandbox.backend": "--backend",
    "console.listen": "--console",
}
"""Keys that have a flag. `--embedded` sets some other keys."""
DEFAULT = "default"

Values = dict[str, Any]


class Origins:
    """Finds the sources of values."""

    def __init__(self, path: Path | None, text: str, flags: Values) -> None:
        """Record the flags, the variables and the keys of the file with their lines."""
        self._path = path
        self._lines = _key_lines(text)
        self._file = tomllib.loads(text)
        self._flags = flags
        self._variables = our_variables()

    def name_origin(self, keys: list[str]) -> str:
        """Return a key with the place to look at, under the name that was used there.

        For a key that is not set, this is the nearest table around it, if the file has one.
        """
        name = ".".join(keys)
        if (found := self._find_place(name)) is not None:
            place, used = found
            return f"{place}: {used}" + (f" (now {name})" if used != name else "")
        line = self._line(keys)
        return name if line is None else f"{self._path}:{line}: {name}"

    def source(self, keys: list[str], settings: Settings) -> str:
        """Return where the value of a key comes from: it may be the profile, or the default."""
        if (found := self._find_place(".".join(keys))) is not None:
            return found[0]
        if profile_value(settings.profile, keys) is not None:
            return profile_source(settings.profile)
        return DEFAULT

    def former_names(self) -> list[tuple[str, str, str]]:
        """Return each former name that sets its key: where, the name, and the present name."""
        return [
            (found[0], former, present)
            for former, present in RENAMED.items()
            if (found := self._find_place(present)) is not None and found[1] == former
        ]

    def _find_place(self, name: str) -> tuple[str, str] | None:
        """Return where a key gets its value, and the name used there; None if it is not set.

        A source counts before the next one, whichever of its names it has for the key.
        """
        names = [name, FORMER_NAMES[name]] if name in FORMER_NAMES else [name]
        for place_in in (self._flag, self._variable, self._line_of_file):
            for used in names:
                if (place := place_in(used.split("."))) is not None:
                    return place, used
        return None

    def _flag(self, keys: list[str]) -> str | None:
        return FLAGS.get(".".join(keys), "--embedded") if _is_in(self._flags, keys) else None

    def _variable(self, keys: list[str]) -> str | None:
        return self._variables.get(PREFIX + DELIMITER.join(keys).upper())

    def _line_of_file(self, keys: list[str]) -> str | None:
        return f"{self._path}:{self._line(keys)}" if _is_in(self._file, keys) else None

    def _line(self, keys: list[str]) -> int | None:
        """Return the line of a key in the file, or that of the nearest table around it."""
        names = (".".join(keys[:length]) for length in range(len(keys), 0, -1))
        return next((self._lines[name] for name in names if name in self._lines), None)


def profile_source(profile: str) -> str:
    """Return the source of values that a profile has set."""
    return f"profile {profile!r}"


def our_variables() -> dict[str, str]:
    """Return our variables as they are written, by their names in capitals."""
    return {name.upper(): name for name in sorted(os.environ) if name.upper().startswith(PREFIX)}


def _is_in(values: object, keys: list[str]) -> bool:
    for key in keys:
        if not isinstance(values, dict) or key not in values:
            return False
        values = values[key]
    return True


def _key_lines(text: str) -> dict[str, int]:
    """Return the line of every key and table of a TOML file, by its dotted name."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := HEADER.match(line):
            table = header.group(1).replace(" ", "").replace('"', "")
            lines.setdefault(table, number)
        elif assignment := ASSIGNMENT.match(line):
            key = assignment.group(1).replace(" ", "").replace('"', "")
            lines.setdefault(f"{table}.{key}" if table else key, number)
    return lines
