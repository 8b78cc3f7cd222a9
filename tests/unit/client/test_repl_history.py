"""History of the REPL: readable only by its user, and of limited size."""

from pathlib import Path

import pytest
from prompt_toolkit.history import InMemoryHistory

from cellblock_client.cli.repl.history import MAX_BYTES, open_history


def test_only_the_user_can_read_the_history(tmp_path: Path) -> None:
    open_history(tmp_path / "state").store_string("secret")
    (path,) = (tmp_path / "state").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


def test_history_is_read_again_at_the_next_start(tmp_path: Path) -> None:
    open_history(tmp_path).store_string("one\ntwo")
    assert list(open_history(tmp_path).load_history_strings()) == ["one\ntwo"]


def test_older_half_is_removed_over_the_limit(tmp_path: Path) -> None:
    history = open_history(tmp_path)
    size = 0
    for number in range(100_000):
        history.store_string(f"entry {number}")
        size += 50
        if size > MAX_BYTES:
            break
    kept = list(open_history(tmp_path).load_history_strings())
    assert kept[0] == f"entry {number}"
    assert all(entry.startswith("entry ") for entry in kept)
    assert (tmp_path / "repl-history").stat().st_size <= MAX_BYTES
    assert len(list(tmp_path.iterdir())) == 1


def test_history_is_not_saved_without_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert isinstance(open_history(tmp_path / "file"), InMemoryHistory)
    assert "history is not saved" in capsys.readouterr().err
