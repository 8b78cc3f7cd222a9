"""Seccomp profile of sandboxes: ours, the engine's, or the operator's.

Ours is `seccomp_profile.json`, which gives a reason for each family of calls. The format is the
engine's (https://docs.docker.com/engine/security/seccomp/).
"""

import json
from importlib import resources
from pathlib import Path
from typing import Any

OURS = "cellblock"
ENGINES = "engine"
MAX_PROFILE_BYTES = 2**20
"""Maximum size of a profile: it is sent to the engine and stored with each container."""


class SeccompProfileError(Exception):
    """The profile that `sandbox.seccomp` names can't be used."""


def load_profile(setting: str) -> str | None:
    """Return the profile that `sandbox.seccomp` names, as JSON; None for the engine's default.

    Raises SeccompProfileError, with the key, the path and what is wrong.
    """
    if setting == ENGINES:
        return None
    if setting == OURS:
        text = resources.files(__package__).joinpath("seccomp_profile.json").read_text()
    else:
        text = _read(Path(setting))
    try:
        return json.dumps(_checked(json.loads(text)), separators=(",", ":"))
    except ValueError as error:
        raise _wrong(setting, f"is not JSON: {error}") from error
    except _ShapeError as error:
        raise _wrong(setting, str(error)) from error


class _ShapeError(Exception):
    pass


def _read(path: Path) -> str:
    if not path.is_absolute():
        raise _wrong(str(path), f"must be {OURS!r}, {ENGINES!r} or an absolute path")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_PROFILE_BYTES + 1)
        if len(content) > MAX_PROFILE_BYTES:
            raise _wrong(str(path), f"has more than {MAX_PROFILE_BYTES} bytes")
        return content.decode()
    except OSError as error:
        raise _wrong(str(path), str(error.strerror)) from error
    except UnicodeDecodeError as error:
        raise _wrong(str(path), "is not UTF-8") from error


def _checked(profile: Any) -> dict[str, Any]:  # noqa: ANN401 - it comes from a file
    """Check what the engine would refuse only when the first session is created, or not at all."""
    if not isinstance(profile, dict):
        raise _ShapeError("must be an object")
    actions = [profile.get("defaultAction")]
    rules = profile.get("syscalls")
    if not isinstance(rules, list):
        raise _ShapeError("syscalls: must be a list of rules")
    for number, rule in enumerate(rules):
        names = rule.get("names") if isinstance(rule, dict) else None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise _ShapeError(f"syscalls[{number}].names: must be a list of system calls")
        actions.append(rule.get("action"))
    for action in actions:
        if not isinstance(action, str) or not action.startswith("SCMP_ACT_"):
            raise _ShapeError(f"an action must be SCMP_ACT_…, got {action!r}")
    return profile


def _wrong(setting: str, problem: str) -> SeccompProfileError:
    return SeccompProfileError(f"sandbox.seccomp: {setting}: {problem}")
