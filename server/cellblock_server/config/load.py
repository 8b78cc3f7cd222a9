"""Reading of the configuration: flags over environment over file over profile over defaults.

Every error names the key and where its value came from: file and line, variable or flag.
"""

import os
import re
import tomllib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    TomlConfigSettingsSource,
)

from cellblock_server.config.former_keys import RENAMED, with_present_names
from cellblock_server.config.keys import Key, all_keys, shown_value
from cellblock_server.config.origins import (
    DEFAULT,
    Origins,
    Values,
    our_variables,
    profile_source,
)
from cellblock_server.config.profiles import PROFILES, profile_value
from cellblock_server.config.settings import DELIMITER, PREFIX, Settings
from cellblock_server.config.user_dirs import user_dirs

FILE_VARIABLE = "CELLBLOCK_CONFIG"
RULE = re.compile(r"^([\w.]+): ")
"""Start of a message about several keys: the key with the error."""
MAX_SHOWN = 80
"""Characters of a bad value that an error repeats."""

WORDS = {
    "Input should be": "must be",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
}
"""Replacements of phrases in pydantic's messages."""
CONSEQUENCE = "default_factory_not_called"
"""Type of the error of a derived value when a key that it depends on is wrong."""
HIDDEN = "(hidden)"
"""Shown for a value that may have a password in it."""
CLIENT = "client"
"""Table of the file with the settings of the CLI."""


class _ServersPart(TomlConfigSettingsSource):
    """Content of the file without the settings of the CLI."""

    def __call__(self) -> dict[str, Any]:
        values = super().__call__()
        return with_present_names({name: values[name] for name in values if name != CLIENT})


@dataclass(frozen=True)
class EffectiveValue:
    """Value of a key, and its source."""

    key: Key
    shown: str
    """Value with its unit, as in the reference."""
    source: str
    """Source: a flag, a variable, `file:line`, a profile, or `default`."""


@dataclass(frozen=True)
class Configuration:
    """Settings with the sources of their values."""

    settings: Settings
    origins: Origins

    def effective_values(self) -> list[EffectiveValue]:
        """Return all keys in the order of the reference. Internal ones are included if set."""
        found = []
        for key in all_keys():
            value: object = self.settings
            for name in key.path:
                value = getattr(value, name)
            source = self.origins.source(key.path, self.settings)
            if key.internal is None or source != DEFAULT:
                shown = HIDDEN if value and not key.field.repr else shown_value(value, key.field)
                found.append(EffectiveValue(key, shown, source))
        return found

    def warnings(self) -> list[str]:
        """Return a line for each key in use that was renamed, fixed or derived."""
        renamed = [
            f"{place}: {former}: was renamed to {present}; the value is used, change the name"
            for place, former, present in self.origins.former_names()
        ]
        internal = [
            f"{value.source}: {value.key.name}: {_internal_words(value.key)}; "
            "your value is used, remove it if you can"
            for value in self.effective_values()
            if value.key.internal is not None
            and value.source != profile_source(self.settings.profile)
        ]
        return renamed + internal


class ConfigurationError(Exception):
    """The configuration is wrong: one line for each problem."""


def _internal_words(key: Key) -> str:
    if any(profile_value(profile, key.path) is not None for profile in PROFILES):
        return "is chosen by `profile` now"
    if key.field.default_factory is not None:
        return f"is derived now: {str(key.internal).rstrip('.')}"
    return f"is fixed at {key.shown_default} now"


def load(file: Path | None, flags: Values) -> Settings:
    """Return the settings; see `read_configuration`. Raises ConfigurationError."""
    return read_configuration(file, flags).settings


def read_configuration(file: Path | None, flags: Values) -> Configuration:
    """Read the configuration.

    `file` is the TOML file, None for the one that `CELLBLOCK_CONFIG` names or, if there is one,
    that in the user's configuration folder. `flags` holds sections of values that were given on the
    command line. Raises ConfigurationError.
    """
    path = file or _default_file()
    text = _read(path) if path is not None else ""

    class FromFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            sources = super().settings_customise_sources(
                settings_cls,
                init_settings,
                env_settings,
                dotenv_settings,
                file_secret_settings,
            )
            return *sources, _ServersPart(settings_cls, toml_file=path)

    origins = Origins(path, text, flags)
    lines = _variables_of_no_section()
    try:
        settings = FromFile(**flags)
    except ValidationError as error:
        lines += [
            f"{origins.name_origin(_keys(problem))}: {_words(problem)}"
            for problem in error.errors()
            if problem["type"] != CONSEQUENCE
        ]
        raise ConfigurationError("\n".join(lines)) from error
    if lines:
        raise ConfigurationError("\n".join(lines))
    return Configuration(settings, origins)


def _variables_of_no_section() -> list[str]:
    """Return variables of unknown sections, which pydantic ignores."""
    return [
        f"{variable}: there is no such section"
        for name, variable in our_variables().items()
        if DELIMITER in name.removeprefix(PREFIX)
        and name.removeprefix(PREFIX).partition(DELIMITER)[0].lower() not in Settings.model_fields
    ]


def _default_file() -> Path | None:
    named = os.environ.get(FILE_VARIABLE)
    if named:
        return Path(named)
    path = user_dirs().user_config_path / "config.toml"
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


def _keys(problem: ErrorDetails) -> list[str]:
    keys = [str(part) for part in problem["loc"] if isinstance(part, str)]
    if problem["type"] == "value_error" and (found := RULE.match(_cause(problem))):
        # The error of a rule over several keys begins with the key to correct.
        keys += found.group(1).split(".")
    return keys


def _words(problem: ErrorDetails) -> str:
    if problem["type"] == "extra_forbidden":
        if present := RENAMED.get(".".join(map(str, problem["loc"]))):
            return f"was renamed to {present}, which is set as well: remove one of them"
        return "there is no such key"
    if problem["type"] == "value_error":
        return RULE.sub("", _cause(problem))
    given = problem["input"]
    shown = f"{given.total_seconds():g} s" if isinstance(given, timedelta) else repr(given)
    if _may_have_password(_keys(problem)):
        shown = f"a value of type {type(given).__name__} {HIDDEN}"
    wanted = problem["msg"]
    for theirs, ours in WORDS.items():
        wanted = wanted.replace(theirs, ours)
    return f"{wanted}, got {shown[:MAX_SHOWN]}"


def _may_have_password(keys: list[str]) -> bool:
    """Whether a key, a section around it or a key inside it is one whose value is hidden."""
    return any(
        all(ours == theirs for ours, theirs in zip(key.path, keys, strict=False))
        for key in all_keys()
        if not key.field.repr
    )


def _cause(problem: ErrorDetails) -> str:
    return str(problem.get("ctx", {}).get("error", problem["msg"]))
