"""Version, colours and completion of all commands."""

import importlib.metadata
import json
from uuid import uuid4

import pytest

from cellblock_client.client import Session
from tests.integration.shell.conftest import Command

COLOUR = "\x1b["


def test_the_version_is_printed(command: Command) -> None:
    done = command("--version")
    assert done.stdout == f"cellblock {importlib.metadata.version('cellblock')}\n"


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colours_are_for_terminals_unless_wanted(
    command: Command, session: Session, address: str, variables: dict[str, str], coloured: bool
) -> None:
    code = "print('\\x1b[31mred\\x1b[0m')"
    arguments = ("run", "--address", address, "--session", session.id, "-")
    done = command(*arguments, stdin=code, **variables)
    assert (COLOUR in done.stdout) is coloured
    logs = command("logs", "--address", address, session.id, **variables)
    assert (COLOUR + "31mred" in logs.stdout) is coloured


def test_lists_and_single_things_are_json_if_wanted(
    command: Command, session: Session, address: str
) -> None:
    name = f"{uuid4().hex}.txt"
    stored = session.attach(b"hello", name)
    at = ("--address", address)
    for arguments, key, value in (
        (("sessions", *at, "--json"), "id", session.id),
        (("sessions", *at, "show", session.id, "--json"), "id", session.id),
        (("files", *at, "--json"), "id", stored.file_id),
        (("files", *at, "show", stored.file_id, "--json"), "filename", name),
        (("files", *at, "ls", session.id, "--json"), "path", stored.path),
    ):
        done = command(*arguments)
        assert done.returncode == 0, done.stderr
        assert value in [json.loads(line)[key] for line in done.stdout.splitlines()]


def test_tab_completes_ids(command: Command, session: Session, address: str) -> None:
    def offered(line: str, **variables: str) -> str:
        return command(
            **{
                "_CELLBLOCK_COMPLETE": "complete_bash",
                "COMP_WORDS": line,
                "COMP_CWORD": str(len(line.split(" ")) - 1),
                **variables,
            }
        ).stdout

    assert "sessions" in offered("cellblock se")
    assert session.id in offered("cellblock sessions show sess_", CELLBLOCK_ADDRESS=address)
    assert session.id in offered(f"cellblock sessions --address {address} show sess_")
    stored = session.attach(b"x", f"{uuid4().hex}.txt")
    assert stored.file_id in offered("cellblock files show file-", CELLBLOCK_ADDRESS=address)
    assert offered("cellblock sessions show sess_", CELLBLOCK_ADDRESS="127.0.0.1:1").strip() == ""


def test_completion_can_be_set_up(command: Command) -> None:
    # Typer's own switch: or else it looks which shell has started this.
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    assert "_CELLBLOCK_COMPLETE" in command("--show-completion", "bash", **named).stdout
