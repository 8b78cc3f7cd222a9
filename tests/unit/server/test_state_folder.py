"""The state folder belongs to one server at a time, and keeps its identity."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cellblock_server.store.state_folder import (
    StateFolderError,
    shared_state_folder,
    state_folder,
)

ROUNDS = 100
"""Without a lock some of these fail."""


def test_the_identity_stays(tmp_path: Path) -> None:
    with state_folder(tmp_path / "state") as first:
        pass
    with state_folder(tmp_path / "state") as second:
        assert second.instance == first.instance != ""


def test_each_folder_has_its_own_identity(tmp_path: Path) -> None:
    with state_folder(tmp_path / "a") as a, state_folder(tmp_path / "b") as b:
        assert a.instance != b.instance


def test_all_who_come_at_once_read_the_same_identity(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        for number in range(ROUNDS):
            folders = [tmp_path / str(number)] * 4
            assert len({state.instance for state in threads.map(shared_state_folder, folders)}) == 1


def test_nobody_else_may_look_into_it(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o755)
    with state_folder(tmp_path / "state") as state:
        assert state.path.stat().st_mode & 0o777 == 0o700


def test_a_second_server_is_refused(tmp_path: Path) -> None:
    with (
        state_folder(tmp_path),
        pytest.raises(StateFolderError, match=r"server\.state_dir: another server uses"),
        state_folder(tmp_path),
    ):
        pass


def test_a_place_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(b"")
    with (
        pytest.raises(StateFolderError, match=r"server\.state_dir: .*/state: File exists"),
        state_folder(tmp_path / "state"),
    ):
        pass


def test_a_half_written_identity_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt), state_folder(tmp_path):
            pass
    with state_folder(tmp_path) as state:
        assert state.instance
