"""Write docs/reference/configuration.md from the settings' own declarations.

python scripts/generate_docs.py
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel, ByteSize
from pydantic.fields import FieldInfo

from cellblock_server.config.settings import DELIMITER, PREFIX, Settings

TARGET = Path(__file__).resolve().parent.parent / "docs" / "reference" / "configuration.md"
TABLE_HEAD = """
| key | default | least, or choices | most | what it is |
| --- | --- | --- | --- | --- |"""
UNITS = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))
HEAD = """\
# Configuration

<!-- Made by `make docs` from server/cellblock_server/config/. -->

A value comes from the first of these that has it:

1. a flag of `cellblock serve`: `--listen`, `--state-dir`, `--backend`, `--console`;
2. an environment variable: `CELLBLOCK_<SECTION>__<KEY>`, such as `CELLBLOCK_SERVER__LISTEN`;
3. the TOML file: `--config FILE`, else `CELLBLOCK_CONFIG`, else `~/.config/cellblock/config.toml`
   (`$XDG_CONFIG_HOME`), if there is one;
4. the default.

Sizes are bytes, as a number or as text (`"512 MiB"`). Times are seconds, as a number, or
ISO 8601 text (`"PT20M"`). Lists in variables are JSON (`["numpy", "pandas"]`). Unknown keys are
errors; an error names the key and the file and line, variable or flag that it comes from. The table
`[client]` belongs to the CLI: see [its settings](cli.md#settings).

```toml
[server]
listen = "127.0.0.1:7711"

[limits.memory_bytes]
default = "2 GiB"
```
"""


def reference() -> str:
    """The whole document."""
    parts = [HEAD]
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if not (isinstance(section, type) and issubclass(section, BaseModel)):
            raise TypeError(f"{name} is not a section")
        parts.append(f"\n## [{name}]\n\n{_sentence(section)}\n")
        parts.append(TABLE_HEAD)
        parts.extend(f"\n{row}" for row in _rows(name, section))
        parts.append("\n")
    parts.append(
        f"\nEach key's environment variable is `{PREFIX}` with the section, `{DELIMITER}` and the "
        f"key in capitals; a key in a table below adds another `{DELIMITER}`.\n"
    )
    return "".join(parts)


def _rows(prefix: str, section: type[BaseModel]) -> Iterator[str]:
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            for inner, inner_field in kind.model_fields.items():
                words = _sentence(kind) if inner == "default" else BOUND_WORDS[inner]
                yield _row(f"{name}.{inner}", inner_field, words)
        else:
            yield _row(name, field, field.description or "")


BOUND_WORDS = {
    "min": "The least that a session may ask for.",
    "max": "The most that a session may ask for.",
}


def _row(key: str, field: FieldInfo, words: str) -> str:
    default = "" if field.default_factory is not None else _shown(field.default, field)
    least = next((_shown(item.ge, field) for item in field.metadata if isinstance(item, Ge)), "")
    most = next((_shown(item.le, field) for item in field.metadata if isinstance(item, Le)), "")
    if get_origin(field.annotation) is Literal:
        least = ", ".join(f"`{choice}`" for choice in get_args(field.annotation))
    return f"| `{key}` | {default} | {least} | {most} | {words} |"


def _shown(value: Any, field: FieldInfo) -> str:  # noqa: ANN401 - defaults are of any type
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.15g} s"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, ByteSize) or field.annotation is ByteSize:
        return _size(int(value))
    if isinstance(value, dict):
        items = "; ".join(f"{name}: {_pairs(inner)}" for name, inner in value.items())
        return f"`{items}`"
    if isinstance(value, list):
        items = ", ".join(f'"{item}"' for item in value)
        return f"`[{items}]`"
    return f'`"{value}"`' if isinstance(value, str) else f"{value:g}"


def _pairs(section: BaseModel) -> str:
    fields = type(section).model_fields
    return ", ".join(
        f"{name} = {_shown(value, fields[name]).strip('`')}" for name, value in section
    )


def _size(value: int) -> str:
    for unit, name in UNITS:
        if value and value % unit == 0:
            return f"{value // unit} {name}"
    return f"{value} bytes"


def _sentence(section: type[BaseModel]) -> str:
    return " ".join((section.__doc__ or "").split())


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(reference())
