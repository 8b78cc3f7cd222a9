"""Faults of an S3 store: reported within a time limit, without partial or lost data."""

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from cellblock_server.blobs.object_store import Blob, DamagedBlobError, ObjectStore
from cellblock_server.blobs.s3_client import RETRIES
from cellblock_server.blobs.s3_store import PART_BYTES
from cellblock_server.blobs.s3_timings import S3Timings
from cellblock_server.common.errors import UnavailableError
from tests.support.buckets import prefix_of, s3_objects
from tests.support.faulty_s3 import FaultyS3, faulty_s3
from tests.support.s3 import BUCKET, KEY_ID, SECRET, S3Server
from tests.support.waiting import eventually

DATA = b"all of it"
BLOB = Blob(hashlib.sha256(DATA).hexdigest(), len(DATA))
LARGE = bytes(PART_BYTES) + b"x"
SHORT = S3Timings(answer=1, retry=2, first_pause=0.005, longest_pause=0.05, doubt=1)
LARGE_BLOB = Blob(hashlib.sha256(LARGE).hexdigest(), len(LARGE))


@pytest.fixture
def faulty(s3: S3Server) -> Iterator[FaultyS3]:
    with faulty_s3(s3.port) as faulty:
        yield faulty


@pytest.fixture
async def store(s3: S3Server, faulty: FaultyS3, tmp_path: Path) -> ObjectStore:
    store = s3_objects(s3, tmp_path / "blobs", port=faulty.port, timings=SHORT)
    await store.start()
    return store


@pytest.fixture
def keys(s3: S3Server, tmp_path: Path) -> "StoredKeys":
    return StoredKeys(s3, prefix_of(tmp_path / "blobs"))


class StoredKeys:
    """Returns the keys in the bucket of the test's store, without the owner's."""

    def __init__(self, s3: S3Server, prefix: str) -> None:
        self._s3, self._prefix = s3, prefix

    def __call__(self) -> list[str]:
        return [key for key in self._s3.keys(self._prefix) if key != "owner"]


async def put(store: ObjectStore, folder: Path, data: bytes = DATA, blob: Blob = BLOB) -> None:
    file = folder / "file"
    file.write_bytes(data)
    await store.put(file, blob)


async def all_of(store: ObjectStore, blob: Blob = BLOB) -> bytes:
    return b"".join([piece async for piece in store.read(blob, 0, 0)])


async def test_transient_fault_is_retried(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path
) -> None:
    for method in ("PUT", "GET"):
        faulty.fault("refuse", method=method, times=3)
    await put(store, tmp_path)
    assert await all_of(store) == DATA


async def test_busy_store_is_reported_with_a_retry_time(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path, keys: StoredKeys
) -> None:
    faulty.fault("refuse", method="PUT")
    with pytest.raises(UnavailableError, match=r"SlowDown: Please reduce") as caught:
        await put(store, tmp_path)
    assert caught.value.retry_after == timedelta(seconds=5)
    # The first attempt and `RETRIES` more.
    assert faulty.seen["PUT"] <= 2 + RETRIES + 1
    assert keys() == []
    assert (tmp_path / "file").exists()


@pytest.mark.parametrize(
    ("status", "code"), [(403, "InvalidAccessKeyId"), (403, "AccessDenied"), (401, "Unauthorized")]
)
async def test_refused_credentials_are_reported_without_repeating_them(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path, status: int, code: str
) -> None:
    faulty.fault("refuse", status=status, code=code, message="No.")
    file = tmp_path / "file"
    file.write_bytes(DATA)
    for work in (store.put(file, BLOB), all_of(store), store.check(), store.delete("0" * 64)):
        with pytest.raises(UnavailableError, match=rf"^the blob store failed: {code}: No\.$") as it:
            await work
        assert it.value.reason == "BLOB_STORE_FAILED"
        for secret in (KEY_ID, SECRET):
            assert secret not in str(it.value)


async def test_missing_bucket_is_not_reported_as_a_lost_file(s3: S3Server, tmp_path: Path) -> None:
    missing = s3_objects(S3ServerWithoutBucket(s3.port), tmp_path / "blobs", timings=SHORT)
    with pytest.raises(UnavailableError, match=r"blobs\.url: s3://not-there/\w+ at .*NoSuchBucket"):
        await missing.start()
    for work in (all_of(missing), missing.check(), missing.delete(BLOB.sha256)):
        with pytest.raises(UnavailableError, match="NoSuchBucket"):
            await work


class S3ServerWithoutBucket(S3Server):
    """An S3 server whose bucket doesn't exist."""

    def url(self, prefix: str, port: int = 0) -> str:
        return super().url(prefix, port).replace(f"s3://{BUCKET}", "s3://not-there")


async def test_missing_response_is_reported(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path
) -> None:
    faulty.fault("hold")
    with pytest.raises(UnavailableError, match="no answer in time"):
        await put(store, tmp_path)
    with pytest.raises(UnavailableError, match="no answer in time"):
        await store.check()
    faulty.clear_faults()
    await put(store, tmp_path)
    assert await all_of(store) == DATA


async def test_unreachable_store_is_reported_and_recovers(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path
) -> None:
    await put(store, tmp_path)
    faulty.go_away()
    with pytest.raises(UnavailableError, match="the connection was refused"):
        await all_of(store)
    with pytest.raises(UnavailableError, match="the connection was refused"):
        await store.check()
    faulty.come_back()
    await store.check()
    assert await all_of(store) == DATA


async def test_interrupted_read_resumes(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path
) -> None:
    await put(store, tmp_path, LARGE, LARGE_BLOB)
    faulty.fault("cut", method="GET", part=f"{LARGE_BLOB.sha256}/", times=2)
    assert await all_of(store, LARGE_BLOB) == LARGE


async def test_read_that_is_always_interrupted_is_reported(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path
) -> None:
    await put(store, tmp_path)
    faulty.fault("cut", method="GET")
    with pytest.raises(UnavailableError):
        await all_of(store)


async def test_changed_bytes_are_reported(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path
) -> None:
    await put(store, tmp_path)
    faulty.fault("alter", method="GET", part=f"{BLOB.sha256}/")
    with pytest.raises(DamagedBlobError):
        await all_of(store)


async def test_slow_request_does_not_block_others(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path
) -> None:
    await put(store, tmp_path)
    faulty.fault("hold", method="PUT", times=1)
    putting = asyncio.create_task(put(store, tmp_path, LARGE, LARGE_BLOB))
    await asyncio.to_thread(faulty.held.wait, 10)
    assert await all_of(store) == DATA
    assert not putting.done()
    faulty.clear_faults()
    with suppress(UnavailableError):
        await putting


async def test_interrupted_put_leaves_only_parts_that_can_be_deleted(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path, keys: StoredKeys
) -> None:
    faulty.fault("hold", method="PUT", part=f"{LARGE_BLOB.sha256}/1")
    putting = asyncio.create_task(put(store, tmp_path, LARGE, LARGE_BLOB))
    await asyncio.to_thread(faulty.held.wait, 10)
    putting.cancel()
    with suppress(asyncio.CancelledError):
        await putting
    assert keys() == [f"blobs/{LARGE_BLOB.sha256}/0"]
    with pytest.raises(DamagedBlobError, match=f"{PART_BYTES} bytes are left of"):
        await all_of(store, LARGE_BLOB)
    assert [sha256 async for sha256 in store.hashes()] == [LARGE_BLOB.sha256]
    await store.delete(LARGE_BLOB.sha256)
    assert keys() == []


async def test_interrupted_deletion_can_be_continued(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path, keys: StoredKeys
) -> None:
    await put(store, tmp_path, LARGE, LARGE_BLOB)
    faulty.fault("refuse", method="DELETE", part=f"{LARGE_BLOB.sha256}/1")
    with pytest.raises(UnavailableError):
        await store.delete(LARGE_BLOB.sha256)
    assert keys() == [f"blobs/{LARGE_BLOB.sha256}/1"]
    faulty.clear_faults()
    assert [sha256 async for sha256 in store.hashes()] == [LARGE_BLOB.sha256]
    await store.delete(LARGE_BLOB.sha256)
    assert keys() == []


async def test_put_waits_after_a_deletion_without_a_response(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path
) -> None:
    await put(store, tmp_path)
    faulty.fault("hold", method="DELETE")
    with pytest.raises(UnavailableError):
        await store.delete(BLOB.sha256)
    # The deletion isn't repeated, so no second one can arrive late.
    assert faulty.seen["DELETE"] == 1
    with pytest.raises(UnavailableError, match="did not confirm a deletion") as caught:
        await put(store, tmp_path)
    assert timedelta(0) < caught.value.retry_after <= timedelta(seconds=1)
    faulty.clear_faults()

    async def stored() -> bool:
        with suppress(UnavailableError):
            await put(store, tmp_path)
            return True
        return False

    async with asyncio.timeout(10):
        while not await stored():  # noqa: ASYNC110 - nothing signals it
            await asyncio.sleep(0.05)
    assert await all_of(store) == DATA


async def test_failed_listing_is_reported(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path
) -> None:
    await put(store, tmp_path)
    faulty.fault("refuse", method="GET", part="list-type")
    with pytest.raises(UnavailableError, match="SlowDown"):
        _all = [sha256 async for sha256 in store.hashes()]


async def test_slow_reader_uses_no_connection(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path
) -> None:
    await put(store, tmp_path, LARGE, LARGE_BLOB)
    readers = [aiter(store.read(LARGE_BLOB, 0, 0)) for _ in range(40)]
    for reader in readers:
        await anext(reader)
    await eventually(lambda: faulty.open == 0)
    for reader in readers:
        assert b"".join([piece async for piece in reader])[-1:] == b"x"
