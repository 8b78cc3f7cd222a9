"""Where a user's own files are.

Source: XDG Base Directory Specification 0.8. A path that is not absolute does not count there.
"""

import os
from collections.abc import Mapping
from pathlib import Path


def config_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Of what the user has set: `$XDG_CONFIG_HOME/cellblock`."""
    return _folder("XDG_CONFIG_HOME", ".config", environment)


def state_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Of what is remembered for the user: `$XDG_STATE_HOME/cellblock`."""
    return _folder("XDG_STATE_HOME", ".local/state", environment)


def _folder(variable: str, default: str, environment: Mapping[str, str]) -> Path:
    named = Path(environment.get(variable, ""))
    return (named if named.is_absolute() else Path.home() / default) / "cellblock"
