"""Backup and restore of files whose bytes are in an S3 bucket."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cellblock_server.common.ids import new_id
from cellblock_server.config import Settings, load
from cellblock_server.files.uploads import Upload
from cellblock_server.ops.backup.copies import BackupError, Report, back_up, restore
from cellblock_server.store.state_folder import shared_state_folder
from tests.support import buckets
from tests.support.buckets import prefix_of
from tests.support.s3 import CREDENTIALS, S3Server
from tests.support.stored import Clock, Stored, stored
from tests.unit.server.test_uploads import Sent

pytestmark = pytest.mark.only_store("sqlite", "copies SQLite's file")


@pytest.fixture(autouse=True)
def in_the_bucket(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(buckets._Used, "s3", s3)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    shared_state_folder(folder)
    # The blob store of the test uses this path as its owner.
    (folder / "instance").write_text(str(folder / "blobs"))
    return folder


@pytest.fixture
async def kept(state: Path) -> AsyncIterator[Stored]:
    async with stored(state, Clock()) as kept:
        yield kept


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy"


def settings(state: Path, s3: S3Server, prefix: str = "") -> Settings:
    url = s3.url(prefix or prefix_of(state / "blobs"))
    return load(None, {"server": {"state_dir": str(state)}, "blobs": {"url": url}})


async def store(kept: Stored, content: bytes) -> str:
    return (await kept.uploads.upload("t", Upload("f"), Sent(content))).sha256


async def backed_up(settings: Settings, copy: Path) -> Report:
    return await asyncio.to_thread(back_up, settings, copy)


async def restored(settings: Settings, copy: Path) -> Report:
    return await asyncio.to_thread(restore, settings, copy)


def blob_files(folder: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in (folder / "blobs").glob("??/*"))


async def test_next_backup_copies_only_new_bytes(
    kept: Stored, state: Path, copy: Path, s3: S3Server
) -> None:
    await store(kept, b"one")
    report = await backed_up(settings(state, s3), copy)
    assert (report.files, report.copied_bytes, report.damaged) == (1, 3, [])
    await store(kept, b"three")
    assert (await backed_up(settings(state, s3), copy)).copied_bytes == 5
    assert blob_files(copy) == [b"one", b"three"]


async def test_missing_bytes_are_reported(
    kept: Stored, state: Path, copy: Path, s3: S3Server
) -> None:
    sha256 = await store(kept, b"one")
    s3.client(prefix_of(state / "blobs")).delete(f"blobs/{sha256}/0")
    (damage,) = (await backed_up(settings(state, s3), copy)).damaged
    assert damage.problem == "its bytes are gone"


async def test_bytes_are_restored_into_an_empty_bucket(
    kept: Stored, state: Path, copy: Path, s3: S3Server, tmp_path: Path
) -> None:
    sha256 = await store(kept, b"one")
    large = await store(kept, bytes(2**20))
    await backed_up(settings(state, s3), copy)
    prefix = new_id("")
    report = await restored(settings(tmp_path / "new", s3, prefix), copy)
    assert (report.files, report.copied_bytes, report.damaged) == (2, 3 + 2**20, [])
    expected = sorted(["owner", f"blobs/{sha256}/0", f"blobs/{large}/0"])
    assert s3.keys(prefix) == expected
    # The backup is complete, as before.
    assert len(blob_files(copy)) == 2


async def test_restore_does_not_send_bytes_that_the_bucket_has(
    kept: Stored, state: Path, copy: Path, s3: S3Server, tmp_path: Path
) -> None:
    sha256 = await store(kept, b"one")
    await store(kept, b"two")
    await backed_up(settings(state, s3), copy)
    prefix = prefix_of(state / "blobs")
    s3.client(prefix).delete(f"blobs/{sha256}/0")
    report = await restored(settings(tmp_path / "new", s3, prefix), copy)
    assert (report.copied_bytes, report.damaged) == (3, [])


async def test_backup_of_a_folder_is_restored_into_a_bucket(
    state: Path, copy: Path, s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets._Used, "s3", None)
    async with stored(state, Clock()) as kept:
        sha256 = await store(kept, b"one")
        await backed_up(load(None, {"server": {"state_dir": str(state)}}), copy)
    prefix = new_id("")
    await restored(settings(tmp_path / "new", s3, prefix), copy)
    assert s3.keys(prefix) == [f"blobs/{sha256}/0", "owner"]


async def test_prefix_of_another_server_is_refused(
    kept: Stored, state: Path, copy: Path, s3: S3Server, tmp_path: Path
) -> None:
    await store(kept, b"one")
    await backed_up(settings(state, s3), copy)
    prefix = new_id("")
    s3.client(prefix).put("owner", b"another")
    with pytest.raises(BackupError, match="another server's"):
        await backed_up(settings(state, s3, prefix), copy)
    with pytest.raises(BackupError, match="another server's"):
        await restored(settings(tmp_path / "new", s3, prefix), copy)
