"""Read the configuration: flags over environment over file over defaults.

Every error names the key and where its value came from: file and line, variable or flag.
"""

import os
import re
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from cellblock_server.config.settings import DELIMITER, PREFIX, Settings

FILE_VARIABLE = "CELLBLOCK_CONFIG"
HEADER = re.compile(r"\s*\[\[?\s*([^\]]+?)\s*\]")
ASSIGNMENT = re.compile(r"\s*([A-Za-z0-9_.\-\" ]+?)\s*=")
RULE = re.compile(r"^([\w.]+): ")
"""How an error of a rule over several keys begins: with the one at fault."""
MAX_SHOWN = 80
"""Characters of a bad value that an error repeats."""

WORDS = {
    "Input should be": "must be",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
}
"""Ours for pydantic's."""

OPTIONS = {"console.listen": "console"}
"""Flags that are not called like their key."""

Values = dict[str, dict[str, Any]]
CLIENT = "client"
"""The table of the file that is the `cellblock` command's."""


class _ServersPart(TomlConfigSettingsSource):
    """The file, which may have the command's settings as well."""

    def __call__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__call__().items() if name != CLIENT}


class ConfigurationError(Exception):
    """The configuration is wrong: one line for each problem."""


def load(file: Path | None, flags: Values) -> Settings:
    """The configuration.

    `file` is the TOML file, None for the one that `CELLBLOCK_CONFIG` names or
    that lies in the user's configuration folder, if there is one. `flags` holds
    sections of values that were given on the command line. Raises
    ConfigurationError.
    """
    path = file or _default_file()
    text = _read(path) if path is not None else ""

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=path)

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, _ServersPart(settings_cls)

    lines = _variables_of_no_section()
    try:
        settings = FromFile(**flags)  # type: ignore[arg-type]
    except ValidationError as error:
        origin = _Origin(path, text, flags)
        lines += [f"{origin.of(problem)}: {_words(problem)}" for problem in error.errors()]
        raise ConfigurationError("\n".join(lines)) from error
    if lines:
        raise ConfigurationError("\n".join(lines))
    return settings


def _variables_of_no_section() -> list[str]:
    """What pydantic passes over: it looks only for variables of sections that there are."""
    return [
        f"{variable}: there is no such section"
        for name, variable in _variables().items()
        if DELIMITER in name.removeprefix(PREFIX)
        and name.removeprefix(PREFIX).partition(DELIMITER)[0].lower() not in Settings.model_fields
    ]


def _variables() -> dict[str, str]:
    """Our variables as they are written, by their names in capitals: case does not matter."""
    return {name.upper(): name for name in sorted(os.environ) if name.upper().startswith(PREFIX)}


def _default_file() -> Path | None:
    named = os.environ.get(FILE_VARIABLE)
    if named:
        return Path(named)
    folder = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    path = Path(folder) / "cellblock" / "config.toml"
    return path if path.exists() else None


def _read(path: Path) -> str:
    try:
        text = path.read_text()
        tomllib.loads(text)
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        found = re.search(r"at line (\d+)", message)
        where = f"{path}:{found.group(1)}" if found else str(path)
        raise ConfigurationError(f"{where}: {message}") from error
    return text


class _Origin:
    """Finds where a value came from."""

    def __init__(self, path: Path | None, text: str, flags: Values) -> None:
        self._path = path
        self._lines = _key_lines(text)
        self._flags = flags
        self._variables = _variables()

    def of(self, problem: ErrorDetails) -> str:
        keys = _keys(problem)
        name = ".".join(keys)
        if len(keys) > 1 and keys[1] in self._flags.get(keys[0], {}):
            return f"--{OPTIONS.get(name, keys[1]).replace('_', '-')}: {name}"
        variable = self._variables.get(PREFIX + DELIMITER.join(keys).upper())
        if variable is not None:
            return f"{variable}: {name}"
        # The key itself, or the nearest table around it.
        for length in range(len(keys), 0, -1):
            line = self._lines.get(".".join(keys[:length]))
            if line is not None:
                return f"{self._path}:{line}: {name}"
        return name


def _key_lines(text: str) -> dict[str, int]:
    """The line of every key and table of a TOML file, by its dotted name."""
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


def _keys(problem: ErrorDetails) -> list[str]:
    keys = [str(part) for part in problem["loc"] if isinstance(part, str)]
    if problem["type"] == "value_error" and (found := RULE.match(_cause(problem))):
        # A rule over several keys begins with the one at fault.
        keys += found.group(1).split(".")
    return keys


def _words(problem: ErrorDetails) -> str:
    if problem["type"] == "extra_forbidden":
        return "there is no such key"
    if problem["type"] == "value_error":
        return RULE.sub("", _cause(problem))
    given = problem["input"]
    shown = f"{given.total_seconds():g} s" if isinstance(given, timedelta) else repr(given)
    wanted = problem["msg"]
    for theirs, ours in WORDS.items():
        wanted = wanted.replace(theirs, ours)
    return f"{wanted}, got {shown[:MAX_SHOWN]}"


def _cause(problem: ErrorDetails) -> str:
    return str(problem.get("ctx", {}).get("error", problem["msg"]))
