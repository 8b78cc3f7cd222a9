"""Settings of the CLI, and the source of each value.

In this order: an option before the command's name, an environment variable, the table `[client]` of
the configuration file, the default.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cellblock_client.channel import (
    ADDRESS_VARIABLE,
    CA_VARIABLE,
    CERTIFICATE_VARIABLE,
    KEY_VARIABLE,
    TLS_KEY_VARIABLE,
    TLS_VARIABLE,
)
from cellblock_client.cli.user_folders import USER_FOLDERS
from cellblock_client.errors import Error

TABLE = "client"
FILE_VARIABLE = "CELLBLOCK_CONFIG"
"""Variable that names the file; the server reads its settings from the same one."""
CHOICES = {
    "output": ("text", "json"),
    "pictures": ("auto", "kitty", "iterm", "sixel", "off"),
}
"""Permitted values, for settings with a fixed set."""


@dataclass(frozen=True)
class Setting:
    """Key of `[client]`."""

    name: str
    kind: type
    variable: str
    """Variable that overrides the key; empty for none."""
    help: str


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("address", str, ADDRESS_VARIABLE, "the server: host:port or unix:/path"),
        Setting("api_key_file", str, KEY_VARIABLE, "file with the API key"),
        Setting("tls", bool, TLS_VARIABLE, "whether to use TLS"),
        Setting("tls_ca", str, CA_VARIABLE, "CA certificate (PEM) used to verify the server"),
        Setting("tls_certificate", str, CERTIFICATE_VARIABLE, "PEM file of one's own certificate"),
        Setting("tls_key", str, TLS_KEY_VARIABLE, "PEM file of its private key"),
        Setting("output", str, "CELLBLOCK_OUTPUT", "format of lists: text or json"),
        Setting(
            "pictures",
            str,
            "CELLBLOCK_PICTURES",
            "how the terminal shows images: auto, kitty, iterm, sixel or off",
        ),
    )
}


@dataclass(frozen=True)
class Value:
    """Value of a setting, and its source."""

    value: str | bool | None
    source: str
    """Source: `default`, a variable's name, or the file's path."""


def config_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the configuration file, whether it exists or not."""
    named = environment.get(FILE_VARIABLE)
    return Path(named) if named else USER_FOLDERS.user_config_path / "config.toml"


def values(environment: Mapping[str, str] = os.environ) -> dict[str, Value]:
    """Return all settings, without options. Raises Error for an invalid file."""
    path = config_file(environment)
    table = _table(path)
    found = {}
    for setting in SETTINGS.values():
        if setting.variable and (text := environment.get(setting.variable)):
            # A key itself is never shown.
            shown = "(hidden)" if setting.variable == KEY_VARIABLE else text
            found[setting.name] = Value(shown, setting.variable)
        elif setting.name in table:
            found[setting.name] = Value(table[setting.name], str(path))
        else:
            found[setting.name] = Value(None, "default")
    for name, choices in CHOICES.items():
        value = found[name]
        if value.value not in (None, *choices):
            words = ", ".join(choices)
            raise Error(f"{value.source}: {name}: must be one of {words}; got {value.value!r}")
    return found


def values_of_file(environment: Mapping[str, str] = os.environ) -> dict[str, str | bool]:
    """Return the file's values that no variable overrides. Raises Error."""
    path = str(config_file(environment))
    return {
        name: value.value
        for name, value in values(environment).items()
        if value.source == path and value.value is not None
    }


def _table(path: Path) -> dict[str, str | bool]:
    try:
        whole = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Error(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Error(f"{path}: {error}") from error
    table = whole.get(TABLE, {})
    if not isinstance(table, dict):
        raise Error(f"{path}: {TABLE}: must be a table")
    for name, value in table.items():
        if name not in SETTINGS:
            raise Error(f"{path}: {TABLE}.{name}: there is no such key")
        kind = SETTINGS[name].kind
        if not isinstance(value, kind):
            words = "true or false" if kind is bool else "text"
            raise Error(f"{path}: {TABLE}.{name}: must be {words}, got {value!r}")
    return table
