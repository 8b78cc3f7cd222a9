"""Profiles: defaults for a laptop, a team's machine and a server for many tenants."""

from collections.abc import Mapping
from typing import Any, Literal

from cellblock_server.config.values import DAY, GIB, MIB

Profile = Literal["laptop", "team", "server"]
Defaults = Mapping[str, Mapping[str, Any]]
DEFAULT_PROFILE: Profile = "team"
"""Default profile; its defaults are the declared defaults of the keys."""

PROFILES: Mapping[str, Defaults] = {
    "laptop": {
        "sessions": {"max_sessions": 8, "start_parallelism": 2, "retention": 7 * DAY},
        "pool": {"size": 1, "max_size": 2, "memory_bytes": 512 * MIB},
        "limits": {"memory_bytes": {"max": 4 * GIB}, "cpus": {"max": 4.0}},
        "files": {"quota_bytes": 10 * GIB, "retention": 7 * DAY},
        "blobs": {"cache_bytes": 2 * GIB},
    },
    "team": {},
    "server": {
        "auth": {"required": True},
        "log": {"format": "json"},
        "sessions": {"max_sessions": 200, "start_parallelism": 16},
        "pool": {"size": 8, "max_size": 32, "memory_bytes": 8 * GIB, "parallelism": 4},
        "quotas": {"max_sessions": 50, "max_executions": 200, "calls_per_second": 200},
        "audit": {"retention": 365 * DAY},
    },
}


def with_profile(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return all values that are set, over the defaults of the profile that they name."""
    profile = values.get("profile", DEFAULT_PROFILE)
    return _merged(PROFILES.get(str(profile), {}), values)


def profile_value(profile: str, keys: list[str]) -> object:
    """Return a profile's default for a key, or None if it has none."""
    found: object = PROFILES[profile]
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _merged(defaults: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**defaults, **values}
    for name, default in defaults.items():
        given = values.get(name)
        if isinstance(default, Mapping) and (given is None or isinstance(given, Mapping)):
            merged[name] = _merged(default, given or {})
    return merged
