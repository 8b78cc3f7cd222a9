"""Properties of every CLI command: examples, help, and JSON output if it shows something."""

import shlex
from typing import Any

import pytest

from cellblock_client.cli.app import commands, walk
from cellblock_client.cli.examples import EXAMPLES

ALL = dict(walk(commands()))
SHOWING = {
    "config",
    "top",
    "doctor",
    "sessions",
    "sessions show",
    "files",
    "files show",
    "files ls",
    "files stat",
    "admin tenants",
    "admin tenants show",
    "admin usage",
    "admin audit",
    "admin keys",
}
"""Commands that list or show something."""
DOING = {
    "",
    "run",
    "repl",
    "serve",
    "backup",
    "restore",
    "sessions create",
    "sessions restart",
    "sessions delete",
    "files upload",
    "files download",
    "files delete",
    "files attach",
    "files detach",
    "files read",
    "files write",
    "files rm",
    "files mv",
    "files chmod",
    "files mkdir",
    "files zip",
    "jupyter",
    "jupyter install",
    "admin",
    "admin tenants create",
    "admin tenants update",
    "admin keys create",
    "admin keys rotate",
    "admin keys revoke",
}
WITH_FORMATS = {"logs"}
"""Commands that have `--format`, with JSON as one format."""


def options(command: Any) -> set[str]:
    return {name for param in command.params for name in (*param.opts, *param.secondary_opts)}


def test_every_command_is_listed_here() -> None:
    assert ALL.keys() == SHOWING | DOING | WITH_FORMATS == EXAMPLES.keys()


@pytest.mark.parametrize("name", sorted(SHOWING))
def test_commands_that_show_something_have_json_output(name: str) -> None:
    assert "--json" in options(ALL[name])


@pytest.mark.parametrize("name", sorted(WITH_FORMATS))
def test_commands_with_several_formats_have_a_format_option(name: str) -> None:
    assert "--format" in options(ALL[name])


@pytest.mark.parametrize("name", sorted(ALL))
def test_help_has_examples_of_this_command(name: str) -> None:
    command = ALL[name]
    assert "Examples:" in command.epilog
    for example in EXAMPLES[name]:
        assert example in command.epilog
        assert command_of(example).startswith(name)


@pytest.mark.parametrize("name", sorted(ALL.keys() - {"serve"}))
def test_examples_use_existing_options(name: str) -> None:
    known = {"--version"}
    parts = name.split()
    for length in range(len(parts) + 1):
        known |= options(ALL[" ".join(parts[:length])])
    for example in EXAMPLES[name] if name else ():
        words = words_of(example)
        assert {word for word in words if word.startswith("-") and word != "-"} <= known


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_option_has_a_help_text(name: str) -> None:
    for param in ALL[name].params:
        if param.name not in ("tenant", "role"):
            assert param.help, f"{name} {param.name}"


def words_of(example: str) -> list[str]:
    """Return the words after `cellblock`, up to a pipe or redirection."""
    words = shlex.split(example, comments=False)
    words = words[words.index("cellblock") + 1 :]
    for place, word in enumerate(words):
        if word in ("|", ">"):
            return words[:place]
    return words


def command_of(example: str) -> str:
    """Return the name of the command that an example runs."""
    name = ""
    for word in words_of(example):
        longer = f"{name} {word}".strip()
        name = longer if longer in ALL else name
    return name
