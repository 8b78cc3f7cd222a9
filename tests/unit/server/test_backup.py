"""A copy of a server's state: whole, of one moment, and never in place of something else."""

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
    """A state folder, as a server makes it."""
    folder = tmp_path / "state"
    shared_state_folder(folder)
    (folder / "secret").write_text("s")
    (folder / "secret").chmod(0o600)
    return folder


@pytest.fixture
async def kept(state: Path) -> AsyncIterator[Stored]:
    """Its files, open as in a server that runs."""
    async with stored(state, Clock()) as kept:
        yield kept


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy"


def settings(state: Path) -> Settings:
    return load(None, {"server": {"state_dir": str(state)}})


async def store(kept: Stored, content: bytes) -> str:
    return (await kept.uploads.upload("t", Upload("f"), Sent(content))).id


def blob_files(folder: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in (folder / "blobs").glob("??/*"))


async def test_it_is_one_file_and_the_bytes_that_it_names(
    kept: Stored, state: Path, copy: Path
) -> None:
    await store(kept, b"one")
    await store(kept, b"two")
    report = back_up(settings(state), copy)
    assert (report.files, report.copied_bytes, report.damaged) == (2, 6, [])
    assert blob_files(copy) == [b"one", b"two"]
    assert {path.name for path in copy.iterdir()} == {
        "cellblock.db", "blobs", "instance", "secret", "lock",
    }  # fmt: skip
    assert (copy / "secret").stat().st_mode & 0o777 == 0o600
    assert copy.stat().st_mode & 0o777 == 0o700


async def test_the_next_one_takes_only_what_is_new_and_forgets_what_went(
    kept: Stored, state: Path, copy: Path
) -> None:
    first = await store(kept, b"one")
    await store(kept, b"two")
    back_up(settings(state), copy)
    await kept.files.delete("t", first)
    await store(kept, b"three")
    report = back_up(settings(state), copy)
    assert (report.files, report.copied_bytes) == (2, 5)
    assert blob_files(copy) == [b"three", b"two"]


async def test_a_file_that_is_deleted_meanwhile_is_no_damage(
    kept: Stored, state: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
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
    report = back_up(settings(state), copy)
    assert (report.files, report.damaged, blob_files(copy)) == (1, [], [b"stays"])


async def test_damaged_bytes_are_named_and_left_out(kept: Stored, state: Path, copy: Path) -> None:
    altered, gone = await store(kept, b"altered"), await store(kept, b"gone")
    for path in kept.on_disk():
        if path.read_bytes() == b"gone":
            path.unlink()
        else:
            path.chmod(0o600)
            path.write_bytes(b"another")
    report = back_up(settings(state), copy)
    assert {damage.file_id: damage.problem for damage in report.damaged} == {
        altered: "its bytes are not those that were stored",
        gone: "its bytes are gone",
    }
    assert blob_files(copy) == []


async def test_one_that_is_broken_off_leaves_the_one_before(
    kept: Stored, state: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await store(kept, b"one")
    back_up(settings(state), copy)
    await kept.files.delete("t", first)
    await store(kept, b"two")

    def broken(*_arguments: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(copies, "_copy_kept", broken)
    with pytest.raises(OSError, match="full"):
        back_up(settings(state), copy)
    monkeypatch.undo()
    report = restore(settings(state.with_name("restored")), copy)
    assert (report.files, report.damaged) == (1, [])
    assert blob_files(state.with_name("restored")) == [b"one"]


async def test_what_is_put_back_is_checked(kept: Stored, state: Path, copy: Path) -> None:
    name = await store(kept, b"content")
    back_up(settings(state), copy)
    (path,) = (copy / "blobs").glob("??/*")
    path.chmod(0o600)
    path.write_bytes(b"altered")
    report = restore(settings(state.with_name("restored")), copy)
    assert [damage.file_id for damage in report.damaged] == [name]


async def test_a_damaged_copy_is_refused(kept: Stored, state: Path, copy: Path) -> None:
    for number in range(200):
        await store(kept, f"{number}".encode())
    back_up(settings(state), copy)
    with (copy / "cellblock.db").open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(4096 * 4))
    with pytest.raises(BackupError, match="is damaged"):
        restore(settings(state.with_name("restored")), copy)


@pytest.mark.usefixtures("kept")
def test_nothing_is_put_over_a_database(state: Path, copy: Path) -> None:
    back_up(settings(state), copy)
    with pytest.raises(BackupError, match=r"cellblock\.db is there: move it away first"):
        restore(settings(state), copy)


@pytest.mark.usefixtures("kept")
def test_nothing_is_put_under_a_running_server(state: Path, copy: Path) -> None:
    back_up(settings(state), copy)
    elsewhere = state.with_name("restored")
    with state_folder(elsewhere), pytest.raises(BackupError, match="another server uses"):
        restore(settings(elsewhere), copy)


@pytest.mark.usefixtures("kept")
def test_only_a_copy_of_the_same_server_is_replaced(state: Path, copy: Path) -> None:
    with pytest.raises(BackupError, match="is the state folder itself"):
        back_up(settings(state), state)
    copy.mkdir()
    (copy / "letters.txt").touch()
    with pytest.raises(BackupError, match="has something else in it"):
        back_up(settings(state), copy)
    shared_state_folder(copy)
    with pytest.raises(BackupError, match="belongs to another server"):
        back_up(settings(state), copy)


@pytest.mark.usefixtures("kept")
def test_another_user_is_refused(state: Path, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: state.stat().st_uid + 1)
    with pytest.raises(BackupError, match=f"{state} is user"):
        back_up(settings(state), copy)


def test_without_a_database_or_a_copy_there_is_nothing_to_do(state: Path, copy: Path) -> None:
    with pytest.raises(BackupError, match="there is no database to copy"):
        back_up(settings(state), copy)
    with pytest.raises(BackupError, match="there is no copy"):
        restore(settings(state), copy)


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(BackupError, match=r"store\.url: only SQLite is copied"):
        copies.database_file("postgresql://user@host/cellblock")
