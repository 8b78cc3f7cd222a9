"""The state folder: used by one server at a time, with a permanent identity."""

import errno
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cellblock_server.store.state_folder import (
    StateFolderError,
    shared_state_folder,
    state_folder,
)

ROUNDS = 100
"""Number of attempts, of which some fail without a lock."""


def test_identity_is_permanent(tmp_path: Path) -> None:
    with state_folder(tmp_path / "state") as first:
        pass
    with state_folder(tmp_path / "state") as second:
        assert second.instance == first.instance != ""


def test_each_folder_has_its_own_identity(tmp_path: Path) -> None:
    with state_folder(tmp_path / "a") as a, state_folder(tmp_path / "b") as b:
        assert a.instance != b.instance


def test_concurrent_readers_get_the_same_identity(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        for number in range(ROUNDS):
            folders = [tmp_path / str(number)] * 4
            assert len({state.instance for state in threads.map(shared_state_folder, folders)}) == 1


def test_folder_is_accessible_only_to_its_owner(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o755)
    with state_folder(tmp_path / "state") as state:
        assert state.path.stat().st_mode & 0o777 == 0o700


def test_second_server_is_refused(tmp_path: Path) -> None:
    with (
        state_folder(tmp_path),
        pytest.raises(StateFolderError, match=r"server\.state_dir: another server uses"),
        state_folder(tmp_path),
    ):
        pass


def test_path_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(b"")
    with (
        pytest.raises(StateFolderError, match=r"server\.state_dir: .*/state: File exists"),
        state_folder(tmp_path / "state"),
    ):
        pass


def test_incomplete_identity_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def simulate_kill(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", simulate_kill)
        with pytest.raises(KeyboardInterrupt), state_folder(tmp_path):
            pass
    with state_folder(tmp_path) as state:
        assert state.instance


def test_file_system_without_locks_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared_state_folder(tmp_path)

    def refuse_lock(_file: int, _operation: int) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", refuse_lock)
    with pytest.raises(StateFolderError, match="Function not implemented"), state_folder(tmp_path):
        pass


def test_lock_of_a_killed_process_is_released(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from cellblock_server.store.state_folder import state_folder\n"
        "with state_folder(Path(sys.argv[1])):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StateFolderError, match="another server uses"), state_folder(tmp_path):
            pass
        holder.kill()
    with state_folder(tmp_path):
        pass
