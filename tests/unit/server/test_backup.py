"""Backups: complete, of one moment, and never written over anything else."""

import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from cellblock_server.config import Settings, load
from cellblock_server.files.uploads import Upload
from cellblock_server.ops.backup import copies
from cellblock_server.ops.backup.copies import BackupError, back_up, restore
from cellblock_server.ops.backup.snapshot import copy_database
from cellblock_server.store.state_folder import shared_state_folder, state_folder
from tests.support.stored import Clock, Stored, stored
from tests.unit.server.test_uploads import Sent

pytestmark = [
    pytest.mark.only_store("sqlite", "copies SQLite's file"),
    pytest.mark.only_blobs("folder", "test_s3_backup.py copies buckets"),
]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return a state folder as a server creates it."""
    folder = tmp_path / "state"
    shared_state_folder(folder)
    (folder / "secret").write_text("s")
    (folder / "secret").chmod(0o600)
    return folder


@pytest.fixture
async def kept(state: Path) -> AsyncIterator[Stored]:
    """Open the database and files of the state folder, as a running server does."""
    async with stored(state, Clock()) as kept:
        yield kept


@pytest.fixture
def backup_folder(tmp_path: Path) -> Path:
    return tmp_path / "copy"


def settings(state: Path) -> Settings:
    return load(None, {"server": {"state_dir": str(state)}})


async def store(kept: Stored, content: bytes) -> str:
    return (await kept.uploads.upload("t", Upload("f"), Sent(content))).id


def blob_files(folder: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in (folder / "blobs").glob("??/*"))


async def test_backup_has_the_database_and_the_bytes_of_its_files(
    kept: Stored, state: Path, backup_folder: Path
) -> None:
    await store(kept, b"one")
    await store(kept, b"two")
    report = back_up(settings(state), backup_folder)
    assert (report.files, report.copied_bytes, report.damaged) == (2, 6, [])
    assert blob_files(backup_folder) == [b"one", b"two"]
    assert {path.name for path in backup_folder.iterdir()} == {
        "cellblock.db", "blobs", "instance", "secret", "lock",
    }  # fmt: skip
    assert (backup_folder / "secret").stat().st_mode & 0o777 == 0o600
    assert backup_folder.stat().st_mode & 0o777 == 0o700


async def test_next_backup_copies_new_bytes_and_removes_deleted_ones(
    kept: Stored, state: Path, backup_folder: Path
) -> None:
    first = await store(kept, b"one")
    await store(kept, b"two")
    back_up(settings(state), backup_folder)
    await kept.files.delete("t", first)
    await store(kept, b"three")
    report = back_up(settings(state), backup_folder)
    assert (report.files, report.copied_bytes) == (2, 5)
    assert blob_files(backup_folder) == [b"three", b"two"]


async def test_file_deleted_during_the_backup_is_no_damage(
    kept: Stored, state: Path, backup_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(kept, b"stays")
    await store(kept, b"goes")

    def take_and_delete(database: Path, target: Path) -> None:
        copy_database(database, target)
        with closing(sqlite3.connect(database)) as live, live:
            live.execute("DELETE FROM files WHERE bytes = 4")
        for path in kept.on_disk():
            if path.read_bytes() == b"goes":
                path.unlink()

    monkeypatch.setattr(copies, "copy_database", take_and_delete)
    report = back_up(settings(state), backup_folder)
    assert (report.files, report.damaged, blob_files(backup_folder)) == (1, [], [b"stays"])


async def test_damaged_bytes_are_reported_and_left_out(
    kept: Stored, state: Path, backup_folder: Path
) -> None:
    altered, gone = await store(kept, b"altered"), await store(kept, b"gone")
    for path in kept.on_disk():
        if path.read_bytes() == b"gone":
            path.unlink()
        else:
            path.chmod(0o600)
            path.write_bytes(b"another")
    report = back_up(settings(state), backup_folder)
    assert {damage.file_id: damage.problem for damage in report.damaged} == {
        altered: "its bytes are not those that were stored",
        gone: "its bytes are gone",
    }
    assert blob_files(backup_folder) == []


async def test_interrupted_backup_keeps_the_previous_one(
    kept: Stored, state: Path, backup_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await store(kept, b"one")
    back_up(settings(state), backup_folder)
    await kept.files.delete("t", first)
    await store(kept, b"two")

    def fail_to_copy(*_arguments: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(copies, "_copy_kept", fail_to_copy)
    with pytest.raises(OSError, match="full"):
        back_up(settings(state), backup_folder)
    monkeypatch.undo()
    report = restore(settings(state.with_name("restored")), backup_folder)
    assert (report.files, report.damaged) == (1, [])
    assert blob_files(state.with_name("restored")) == [b"one"]


async def test_restore_checks_bytes(kept: Stored, state: Path, backup_folder: Path) -> None:
    name = await store(kept, b"content")
    back_up(settings(state), backup_folder)
    (path,) = (backup_folder / "blobs").glob("??/*")
    path.chmod(0o600)
    path.write_bytes(b"altered")
    report = restore(settings(state.with_name("restored")), backup_folder)
    assert [damage.file_id for damage in report.damaged] == [name]


async def test_restore_refuses_a_damaged_database(
    kept: Stored, state: Path, backup_folder: Path
) -> None:
    for number in range(200):
        await store(kept, f"{number}".encode())
    back_up(settings(state), backup_folder)
    with (backup_folder / "cellblock.db").open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(4096 * 4))
    with pytest.raises(BackupError, match="is damaged"):
        restore(settings(state.with_name("restored")), backup_folder)


@pytest.mark.usefixtures("kept")
def test_restore_refuses_an_existing_database(state: Path, backup_folder: Path) -> None:
    back_up(settings(state), backup_folder)
    with pytest.raises(BackupError, match=r"cellblock\.db is there: move it away first"):
        restore(settings(state), backup_folder)


@pytest.mark.usefixtures("kept")
def test_restore_refuses_the_folder_of_a_running_server(state: Path, backup_folder: Path) -> None:
    back_up(settings(state), backup_folder)
    elsewhere = state.with_name("restored")
    with state_folder(elsewhere), pytest.raises(BackupError, match="another server uses"):
        restore(settings(elsewhere), backup_folder)


@pytest.mark.usefixtures("kept")
def test_backup_replaces_only_a_backup_of_the_same_server(state: Path, backup_folder: Path) -> None:
    with pytest.raises(BackupError, match="is the state folder itself"):
        back_up(settings(state), state)
    backup_folder.mkdir()
    (backup_folder / "letters.txt").touch()
    with pytest.raises(BackupError, match="has something else in it"):
        back_up(settings(state), backup_folder)
    shared_state_folder(backup_folder)
    with pytest.raises(BackupError, match="belongs to another server"):
        back_up(settings(state), backup_folder)


@pytest.mark.usefixtures("kept")
def test_backup_by_another_user_is_refused(
    state: Path, backup_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: state.stat().st_uid + 1)
    with pytest.raises(BackupError, match=f"{state} is user"):
        back_up(settings(state), backup_folder)


def test_backup_and_restore_need_a_source(state: Path, backup_folder: Path) -> None:
    with pytest.raises(BackupError, match="there is no database to copy"):
        back_up(settings(state), backup_folder)
    with pytest.raises(BackupError, match="there is no copy"):
        restore(settings(state), backup_folder)


def test_backup_of_postgresql_is_refused() -> None:
    with pytest.raises(BackupError, match=r"store\.url: only SQLite is copied"):
        copies.database_file("postgresql://user@host/cellblock")
