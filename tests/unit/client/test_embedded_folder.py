"""The folder of an embedded server that was killed is removed, whatever code left in it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cellblock_client import embedded

DEPTH = 2000
"""More folders in one another than Python's recursion limit: `shutil.rmtree` can't remove them."""


def test_folder_of_a_killed_server_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def killed(_arguments: list[str]) -> Iterator[str]:
        yield "unix:nowhere"

    monkeypatch.setattr(embedded, "_running", killed)
    here = Path.cwd()
    made: list[Path] = []

    def make(prefix: str) -> str:
        folder = Path(original(prefix=prefix))
        made.append(folder)
        return str(folder)

    original = tempfile.mkdtemp
    monkeypatch.setattr(tempfile, "mkdtemp", make)
    with embedded.embedded_server():
        os.chdir(made[0])
        for _ in range(DEPTH):
            Path("d").mkdir()
            os.chdir("d")
        os.chdir(here)
    assert not made[0].exists()
