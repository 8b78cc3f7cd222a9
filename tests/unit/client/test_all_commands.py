"""What every command has: examples, help, JSON where something is looked up."""

import shlex
from typing import Any

import pytest

from cellblock_client.cli.app import commands, walk
from cellblock_client.cli.examples import EXAMPLES

ALL = dict(walk(commands()))
LOOKING = {
    "config",
    "top",
    "doctor",
    "sessions",
    "sessions show",
    "files",
    "files show",
    "files ls",
    "admin tenants",
    "admin tenants show",
    "admin usage",
    "admin audit",
    "admin keys",
}
"""What lists or shows something."""
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
"""Has `--format`, of which JSON is one."""


def options(command: Any) -> set[str]:
    return {name for param in command.params for name in (*param.opts, *param.secondary_opts)}


def test_all_of_them_are_known_here() -> None:
    assert ALL.keys() == LOOKING | DOING | WITH_FORMATS == EXAMPLES.keys()


@pytest.mark.parametrize("name", sorted(LOOKING))
def test_what_is_looked_up_can_be_had_as_json(name: str) -> None:
    assert "--json" in options(ALL[name])


@pytest.mark.parametrize("name", sorted(WITH_FORMATS))
def test_what_has_several_formats_has_json(name: str) -> None:
    assert "--format" in options(ALL[name])


@pytest.mark.parametrize("name", sorted(ALL))
def test_help_has_examples_that_are_of_this_command(name: str) -> None:
    command = ALL[name]
    assert "Examples:" in command.epilog
    for example in EXAMPLES[name]:
        assert example in command.epilog
        assert command_of(example).startswith(name)


@pytest.mark.parametrize("name", sorted(ALL.keys() - {"serve"}))
def test_examples_have_options_that_there_are(name: str) -> None:
    known = {"--version"}
    parts = name.split()
    for length in range(len(parts) + 1):
        known |= options(ALL[" ".join(parts[:length])])
    for example in EXAMPLES[name] if name else ():
        words = words_of(example)
        assert {word for word in words if word.startswith("-") and word != "-"} <= known


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_option_says_what_it_is(name: str) -> None:
    for param in ALL[name].params:
        if param.name not in ("tenant", "role"):
            assert param.help, f"{name} {param.name}"


def words_of(example: str) -> list[str]:
    """The words after `cellblock`, up to a pipe or redirection."""
    words = shlex.split(example, comments=False)
    words = words[words.index("cellblock") + 1 :]
    for place, word in enumerate(words):
        if word in ("|", ">"):
            return words[:place]
    return words


def command_of(example: str) -> str:
    """The name of the command that an example runs."""
    name = ""
    for word in words_of(example):
        longer = f"{name} {word}".strip()
        name = longer if longer in ALL else name
    return name
