"""Former names of keys. They can still be used, in the file and in variables."""

from typing import Any

RENAMED = {
    "sessions.lifetime": "sessions.inactivity_limit",
    "sessions.max_lifetime": "sessions.max_inactivity_limit",
    "sessions.lifetime_cap": "sessions.max_age",
    "executions.timeout": "executions.time_limit",
    "executions.max_timeout": "executions.max_time_limit",
}
"""Present names by former names."""
FORMER_NAMES = {present: former for former, present in RENAMED.items()}


def with_present_names(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of one source with former names replaced.

    If a source has both names of one key, both stay: the former one is then refused as unknown.
    """
    renamed = dict(values)
    for former, present in RENAMED.items():
        section, old = former.split(".")
        new = present.partition(".")[2]
        table = renamed.get(section)
        if isinstance(table, dict) and old in table and new not in table:
            renamed[section] = {(new if key == old else key): table[key] for key in table}
    return renamed
