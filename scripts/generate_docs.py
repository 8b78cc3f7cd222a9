"""Write docs/reference/configuration.md from the settings' own declarations.

python scripts/generate_docs.py
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from cellblock_server.config.former_keys import RENAMED
from cellblock_server.config.keys import Key, all_keys, sentence_of, shown_value
from cellblock_server.config.profiles import PROFILES, profile_value
from cellblock_server.config.settings import DELIMITER, PREFIX, Settings

TARGET = Path(__file__).resolve().parent.parent / "docs" / "reference" / "configuration.md"
COMMON = (
    "profile",
    "server.listen",
    "server.state_dir",
    "server.tls_certificate",
    "server.tls_key",
    "auth.required",
    "console.listen",
    "store.url",
    "blobs.url",
    "sandbox.backend",
    "sandbox.image",
    "sandbox.allowed_images",
    "sandbox.runtime",
    "sandbox.network",
    "egress.allow",
    "limits.memory_bytes.default",
    "limits.memory_bytes.max",
    "limits.cpus.default",
    "sessions.max_sessions",
    "sessions.idle_timeout",
    "sessions.inactivity_limit",
    "executions.time_limit",
    "pool.size",
    "files.max_upload_bytes",
    "files.quota_bytes",
    "telemetry.metrics_listen",
)
"""Keys that most operators set, in the order in which they meet them."""
TOPICS = {
    "Listening and access": ("server", "auth", "console"),
    "Tenants": ("quotas", "usage", "audit"),
    "Sandboxes": ("sandbox", "limits", "egress", "pool"),
    "Sessions and executions": ("sessions", "executions", "run_steps"),
    "Files and storage": ("files", "store", "blobs"),
    "Logs, metrics and traces": ("log", "telemetry"),
}
"""Sections by what they are about."""
HEAD = """\
# Configuration

<!-- Made by `make docs` from server/cellblock_server/config/. -->

A value comes from the first of these that has it:

1. a flag of `cellblock serve`: `--profile`, `--listen`, `--state-dir`, `--backend`, `--console`;
2. an environment variable: `CELLBLOCK_<SECTION>__<KEY>`, such as `CELLBLOCK_SERVER__LISTEN`;
3. the TOML file: `--config FILE`, else `CELLBLOCK_CONFIG`, else `~/.config/cellblock/config.toml`
   (`$XDG_CONFIG_HOME`), if there is one;
4. the [profile](#profiles);
5. the default.

`cellblock config --server` shows the value of every key and where it comes from.

Sizes are bytes, as a number or as text (`"512 MiB"`). Times are seconds, as a number, or
ISO 8601 text (`"PT20M"`). Lists in variables are JSON (`["numpy", "pandas"]`). Unknown keys are
errors; an error names the key and the file and line, variable or flag that it comes from. The table
`[client]` belongs to the CLI: see [its settings](cli.md#settings).

```toml
profile = "team"

[server]
listen = "127.0.0.1:7711"

[limits.memory_bytes]
default = "2 GiB"
```

## Common

The keys that most operators set. The sections below have all keys, with their bounds.
"""
COMMON_HEAD = """
| key | default | description |
| --- | --- | --- |"""
PROFILES_HEAD = """
## Profiles

`profile` chooses the defaults. Without it, they are those of `team`, which all other tables on this
page show. A key that you set yourself overrides the profile.

- `laptop`: one person, who shares the machine with other programs.
- `team`: people who trust each other, on one machine.
- `server`: tenants who don't know each other. Every call needs an API key. Set
  `server.tls_certificate` and `server.tls_key` too, unless a proxy on the same machine does TLS.

| key | `laptop` | `team` | `server` |
| --- | --- | --- | --- |"""
TABLE_HEAD = """
| key | default | minimum, or choices | maximum | description |
| --- | --- | --- | --- | --- |"""
FORMER_HEAD = """
## Former names

These names still work. The server logs a warning for each one in use.

| former name | present name |
| --- | --- |"""
INTERNAL_HEAD = """
## Fixed and derived values

No operator has to set these values. They were keys, and can still be set: the server uses your
value, and logs a warning. `profile` chooses two of them.

| name | value | description |
| --- | --- | --- |"""


def reference() -> str:
    """Return the whole document."""
    keys = {key.name: key for key in all_keys()}
    listed = sorted(section for sections in TOPICS.values() for section in sections)
    if listed != sorted({key.section for key in keys.values() if key.section}):
        raise ValueError("TOPICS must list every section once")
    parts = [HEAD, COMMON_HEAD, *(_common_row(keys[name]) for name in COMMON), "\n"]
    parts += [PROFILES_HEAD, *_profile_rows(keys), "\n"]
    for topic, sections in TOPICS.items():
        parts.append(f"\n## {topic}\n")
        for section in sections:
            model: Any = Settings.model_fields[section].annotation
            parts += [f"\n### [{section}]\n\n{sentence_of(model)}\n", TABLE_HEAD]
            parts += [_row(key) for key in keys.values() if _is_listed_in(section, key)]
            parts.append("\n")
    parts.append(
        f"\nEach key's environment variable is `{PREFIX}` with the section, `{DELIMITER}` and the "
        f"key in capitals; a key in a table below adds another `{DELIMITER}`.\n"
    )
    parts.append(INTERNAL_HEAD)
    parts += [
        f"\n| `{key.name}` | {key.shown_default} | {key.internal} |"
        for key in keys.values()
        if key.internal is not None
    ]
    parts += ["\n", FORMER_HEAD]
    parts += [f"\n| `{former}` | `{present}` |" for former, present in RENAMED.items()]
    parts.append("\n")
    return "".join(parts)


def _is_listed_in(section: str, key: Key) -> bool:
    return key.section == section and key.internal is None


def _common_row(key: Key) -> str:
    name = f"[`{key.name}`](#{key.section})" if key.section else f"`{key.name}`"
    return f"\n| {name} | {_default(key)} | {key.description} |"


def _profile_rows(keys: dict[str, Key]) -> Iterator[str]:
    for key in keys.values():
        values = [profile_value(profile, key.path) for profile in PROFILES]
        if any(value is not None for value in values):
            shown = (
                (key.shown_default if value is None else shown_value(value, key.field))
                for value in values
            )
            yield f"\n| `{key.name}` | {' | '.join(shown)} |"


def _row(key: Key) -> str:
    field, name = key.field, ".".join(key.path[1:])
    least, most = _bound(field, Ge, "ge"), _bound(field, Le, "le")
    if get_origin(field.annotation) is Literal:
        least = ", ".join(f"`{choice}`" for choice in get_args(field.annotation))
    return f"\n| `{name}` | {_default(key)} | {least} | {most} | {key.description} |"


def _default(key: Key) -> str:
    shown = key.shown_default
    is_text = isinstance(key.field.default, str | bool | list | dict)
    return f"`{shown}`" if shown and is_text else shown


def _bound(field: FieldInfo, kind: type[Ge] | type[Le], name: str) -> str:
    bounds = (getattr(item, name) for item in field.metadata if isinstance(item, kind))
    return next((shown_value(bound, field) for bound in bounds), "")


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(reference())
