"""Write the reference part of docs/reference/client.md from the client's signatures and docstrings.

    python scripts/generate_client_docs.py

What is above MARK in the document is written by hand, and stays.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import griffe

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "reference" / "client.md"
PACKAGE = "cellblock_client"
MARK = "<!-- Made by `make docs` from client/cellblock_client, from here on. -->\n"
WIDTH = 92
CALLED = (
    ("Client", "_sync.client.Client"),
    ("client.sessions", "_sync.client.Sessions"),
    ("Session", "_sync.client.Session"),
    ("session.files", "_sync.session_files.SessionFiles"),
    ("Execution", "_sync.executions.Execution"),
    ("client.executions", "_sync.executions.Executions"),
    ("client.files", "_sync.files.Files"),
    ("client.run_steps", "_sync.run_steps.RunSteps"),
    ("client.admin", "_sync.admin.Admin"),
)
"""Classes whose methods make calls, with the name that a program uses and their module."""
ARGUMENTS = (
    "calls.Seconds",
    "content.Source",
    "content.Target",
    "content.Progress",
    "calls.CALL_SECONDS",
    "retry.RETRY_SECONDS",
)
"""Names of types and numbers in signatures."""
LEFT_OUT = {"Client", "Error", "Execution", "Session", "errors", "events"}
"""Public names that have a part of their own."""
MODULES = re.compile(r"\b(content|introspection|calls)\.(?=[A-Z])")
"""Module names that are removed from signatures."""


Found = griffe.Object | griffe.Alias


def reference() -> str:
    """Return the whole reference."""
    written = TARGET.read_text().partition(MARK)[0]
    package = griffe.load(PACKAGE, search_paths=[ROOT / "client"])
    parts = [written, MARK, "\n## Reference\n"]
    for title, path in CALLED:
        parts += _class_with_calls(title, package[path])
    parts.append("\n### Arguments\n\n| name | is | |\n| --- | --- | --- |\n")
    parts += [_row(path.rpartition(".")[2], package[path]) for path in ARGUMENTS]
    parts.append("\n### Values\n\nAll are exported by `cellblock_client`, and immutable.\n")
    for name in sorted(_public_names(package) - LEFT_OUT):
        if not name.startswith("Async"):
            parts += _value(package[name].final_target)
    parts.append("\n### Events\n\n")
    parts.append(f"In `cellblock_client.events`. {_words(package['events'])}\n")
    for event in _classes(package["events"]):
        parts += _value(event)
    parts.append("\n### Errors\n\nIn `cellblock_client.errors`.\n\n```text\n")
    tree = _words(package["errors"]).partition("\n\n")[2]
    parts.append(f"{tree}\n```\n")
    parts += _value(package["errors.Error"])
    return "".join(parts)


def _public_names(package: Found) -> set[str]:
    return {name.name if hasattr(name, "name") else str(name) for name in package.exports or ()}


def _classes(module: Found) -> list[griffe.Class]:
    """Yield the classes that a module defines, in its order."""
    return [one for one in module.members.values() if isinstance(one, griffe.Class)]


def _class_with_calls(title: str, found: griffe.Class) -> Iterator[str]:
    yield f"\n### {title}\n\n{_words(found)}\n"
    if title == "Client":
        yield f"\n{_signature(found['__init__'], 'Client')}\n{_words(found['__init__'])}\n"
    for name, member in found.members.items():
        if name.startswith("_"):
            continue
        owner = title.lower()
        if isinstance(member, griffe.Function):
            yield f"\n#### {owner}.{name}\n\n{_signature(member, name)}\n{_words(member)}\n"
        elif member.docstring:
            yield f"\n#### {owner}.{name}\n\n{_words(member)}\n"


def _value(found: griffe.Class) -> Iterator[str]:
    bases = [str(base) for base in found.bases]
    yield f"\n#### {found.name}\n\n{_words(found)}\n"
    if "Enum" in bases:
        yield "\n| value | |\n| --- | --- |\n"
        for member in _fields(found):
            yield f"| `{member.name}` | {_cell(member)} |\n"
        return
    rows = [_row(member.name, member) for member in _fields(found)]
    if rows:
        yield "\n| field | type | |\n| --- | --- | --- |\n"
        yield from rows
    for member in found.members.values():
        if isinstance(member, griffe.Function) and not member.name.startswith("_"):
            yield f"\n{_signature(member, member.name)}\n{_words(member)}\n"


def _fields(found: griffe.Class) -> list[Found]:
    """Yield a class's fields, those of its bases first, as its constructor has them."""
    bases = [base for base in found.resolved_bases if isinstance(base, griffe.Class)]
    inherited = [one for base in bases for one in _fields(base)]
    own = [
        one for one in found.members.values() if one.is_attribute and not one.name.startswith("_")
    ]
    return [*inherited, *own]


def _row(name: str, found: Found) -> str:
    kind = getattr(found, "annotation", None) or getattr(found, "value", None)
    type_name = _plain(kind).replace("|", "\\|")
    return f"| `{name}` | `{type_name}` | {_cell(found)} |\n"


def _cell(found: Found) -> str:
    return " ".join(_words(found).split()).replace("|", "\\|")


def _signature(function: griffe.Function, name: str) -> str:
    """Return a signature as source code, without `self`."""
    shown: list[str] = []
    for one in function.parameters:
        if one.name == "self":
            continue
        if one.kind is griffe.ParameterKind.keyword_only and "*" not in shown:
            shown.append("*")
        default = "" if one.default is None else f" = {_plain(one.default)}"
        shown.append(f"{one.name}: {_plain(one.annotation)}{default}")
    returned = "" if name[0].isupper() else f" -> {_plain(function.returns)}"
    line = f"{name}({', '.join(shown)}){returned}"
    if len(line) > WIDTH:
        line = "\n".join((f"{name}(", *(f"    {one}," for one in shown), f"){returned}"))
    return f"```text\n{line}\n```\n"


def _plain(kind: object) -> str:
    return MODULES.sub("", str(kind).replace('"', "") if kind != '""' else '""')


def _words(found: Found) -> str:
    return found.docstring.value if found.docstring else ""


if __name__ == "__main__":
    TARGET.write_text(reference())
