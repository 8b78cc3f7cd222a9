"""One bucket, several servers: each has its prefix, and touches nothing else."""

import hashlib
from pathlib import Path

import pytest

from cellblock_server.blobs.blob_store import BlobStore
from cellblock_server.blobs.object_store import Blob, ObjectStore
from cellblock_server.blobs.room import DiskSpace
from cellblock_server.common.errors import UnavailableError
from cellblock_server.common.ids import new_id
from tests.support.buckets import s3_objects
from tests.support.s3 import S3Server, s3_server


async def put(store: ObjectStore, folder: Path, data: bytes) -> Blob:
    blob = Blob(hashlib.sha256(data).hexdigest(), len(data))
    (folder / "file").write_bytes(data)
    await store.put(folder / "file", blob)
    return blob


async def hashes(store: ObjectStore) -> list[str]:
    return [sha256 async for sha256 in store.hashes()]


@pytest.fixture
def prefix() -> str:
    return new_id("")


async def test_another_servers_prefix_is_refused(s3: S3Server, tmp_path: Path, prefix: str) -> None:
    first = s3_objects(s3, tmp_path / "a", prefix=prefix, owner="a")
    await first.start()
    second = s3_objects(s3, tmp_path / "b", prefix=prefix, owner="b")
    with pytest.raises(UnavailableError, match=r"blobs\.url: .*the prefix is another server's"):
        await second.start()
    with pytest.raises(UnavailableError, match="another server's"):
        await second.check()
    # A later start of the first one.
    await s3_objects(s3, tmp_path / "a", prefix=prefix, owner="a").start()


async def test_a_prefix_that_is_taken_meanwhile_is_noticed(
    s3: S3Server, tmp_path: Path, prefix: str
) -> None:
    store = s3_objects(s3, tmp_path / "a", prefix=prefix, owner="a")
    await store.start()
    s3.client(prefix).delete("owner")
    with pytest.raises(UnavailableError, match="`owner` of its prefix is missing"):
        await store.check()
    s3.client(prefix).put("owner", b"b")
    with pytest.raises(UnavailableError, match="another server's"):
        await store.check()


@pytest.mark.parametrize("below", ["x", "blobs", "blobs/ab"])
async def test_nothing_of_a_prefix_below_is_listed_or_deleted(
    s3: S3Server, tmp_path: Path, prefix: str, below: str
) -> None:
    outer = s3_objects(s3, tmp_path / "a", prefix=prefix, owner="a")
    inner = s3_objects(s3, tmp_path / "b", prefix=f"{prefix}/{below}", owner="b")
    for store in (outer, inner):
        await store.start()
    theirs = await put(inner, tmp_path, b"theirs")
    ours = await put(outer, tmp_path, b"ours")
    await put(outer, tmp_path, b"theirs")
    assert await hashes(outer) == sorted([ours.sha256, theirs.sha256])
    for sha256 in await hashes(outer):
        await outer.delete(sha256)
    assert await hashes(outer) == []
    assert await hashes(inner) == [theirs.sha256]


async def test_what_is_no_blob_stays(s3: S3Server, tmp_path: Path, prefix: str) -> None:
    store = s3_objects(s3, tmp_path / "a", prefix=prefix)
    await store.start()
    others = ["blobs/README", f"blobs/{'0' * 64}/note", f"blobs/{'0' * 63}/0", "else"]
    for key in others:
        s3.client(prefix).put(key, b"somebody's")
    assert await hashes(store) == []
    await store.delete("0" * 64)
    assert s3.keys(prefix) == sorted([*others, "owner"])


async def test_all_pages_are_swept(tmp_path: Path, prefix: str) -> None:
    """A store that tells two keys at a time, as others tell a thousand."""
    with s3_server(tmp_path, MOTO_S3_DEFAULT_MAX_KEYS="2") as s3:
        folder = tmp_path / "blobs"
        objects = s3_objects(s3, folder, prefix=prefix)
        blobs = BlobStore(folder, DiskSpace(folder, 0), objects)
        await blobs.start([])
        stored = {(await put(objects, tmp_path, bytes([n]))).sha256 for n in range(7)}
        kept = sorted(stored)[3]
        assert set(await hashes(objects)) == stored

        async def is_referenced(sha256: str) -> bool:
            return sha256 == kept

        async for sha256 in blobs.hashes():
            await blobs.delete_unless(sha256, is_referenced)
        assert await hashes(objects) == [kept]
