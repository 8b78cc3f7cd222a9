from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cellblock_client import Client
from cellblock_client.embedded import embedded_server
from tests.support.screen import Screen, at_a_terminal

Repl = Callable[..., Screen]


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """A server for all REPLs. What a user types and sees is the same with any backend."""
    with embedded_server("local") as address:
        yield address


@pytest.fixture
def user(address: str) -> Iterator[Client]:
    with Client(address) as client:
        yield client


@pytest.fixture
def repl(address: str, tmp_path: Path) -> Iterator[Repl]:
    """A function that starts REPLs and waits for their prompt."""
    with ExitStack() as stack:
        # Without colours no suggestion stands where nothing was typed.
        def start(*arguments: str, NO_COLOR: str = "1", **variables: str) -> Screen:  # noqa: N803
            screen = stack.enter_context(
                at_a_terminal(
                    "repl",
                    "--address",
                    address,
                    *arguments,
                    folder=tmp_path,
                    NO_COLOR=NO_COLOR,
                    **variables,
                )
            )
            screen.wait_for_line(">>>")
            return screen

        yield start
