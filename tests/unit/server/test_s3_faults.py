"""An S3 store that fails: told within a bound, with nothing half done and nothing lost."""

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
def keys(s3: S3Server, tmp_path: Path) -> "Keys":
    return Keys(s3, prefix_of(tmp_path / "blobs"))


class Keys:
    """What is in the bucket of a test's store, beside whose it is."""

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


async def test_what_passes_is_tried_again(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path
) -> None:
    for method in ("PUT", "GET"):
        faulty.fault("refuse", method=method, times=3)
    await put(store, tmp_path)
    assert await all_of(store) == DATA


async def test_a_store_that_stays_busy_is_told_with_a_time(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path, keys: Keys
) -> None:
    faulty.fault("refuse", method="PUT")
    with pytest.raises(UnavailableError, match=r"SlowDown: Please reduce") as caught:
        await put(store, tmp_path)
    assert caught.value.retry_after == timedelta(seconds=5)
    # Once, and `RETRIES` more.
    assert faulty.seen["PUT"] <= 2 + RETRIES + 1
    assert keys() == []
    assert (tmp_path / "file").exists()


@pytest.mark.parametrize(
    ("status", "code"), [(403, "InvalidAccessKeyId"), (403, "AccessDenied"), (401, "Unauthorized")]
)
async def test_refused_credentials_are_told_and_not_repeated(
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


async def test_a_bucket_that_is_gone_is_no_lost_file(s3: S3Server, tmp_path: Path) -> None:
    missing = s3_objects(S3ServerOf(s3.port), tmp_path / "blobs", timings=SHORT)
    with pytest.raises(UnavailableError, match=r"blobs\.url: s3://not-there/\w+ at .*NoSuchBucket"):
        await missing.start()
    for work in (all_of(missing), missing.check(), missing.delete(BLOB.sha256)):
        with pytest.raises(UnavailableError, match="NoSuchBucket"):
            await work


class S3ServerOf(S3Server):
    """A bucket that is not there."""

    def url(self, prefix: str, port: int = 0) -> str:
        return super().url(prefix, port).replace(f"s3://{BUCKET}", "s3://not-there")


async def test_an_answer_that_never_comes_is_told(
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


async def test_one_that_is_away_is_told_and_is_well_when_it_is_back(
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


async def test_an_answer_that_breaks_off_goes_on(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path
) -> None:
    await put(store, tmp_path, LARGE, LARGE_BLOB)
    faulty.fault("cut", method="GET", part=f"{LARGE_BLOB.sha256}/", times=2)
    assert await all_of(store, LARGE_BLOB) == LARGE


async def test_one_that_always_breaks_off_is_told(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path
) -> None:
    await put(store, tmp_path)
    faulty.fault("cut", method="GET")
    with pytest.raises(UnavailableError):
        await all_of(store)


async def test_bytes_that_change_on_the_way_are_told(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path
) -> None:
    await put(store, tmp_path)
    faulty.fault("alter", method="GET", part=f"{BLOB.sha256}/")
    with pytest.raises(DamagedBlobError):
        await all_of(store)


async def test_nothing_else_waits_for_what_waits(
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


async def test_a_put_that_breaks_off_half_way_leaves_only_what_is_swept(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path, keys: Keys
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


async def test_a_deletion_that_fails_half_way_is_gone_on_with(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path, keys: Keys
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


async def test_a_deletion_without_an_answer_can_not_meet_a_later_put(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path
) -> None:
    await put(store, tmp_path)
    faulty.fault("hold", method="DELETE")
    with pytest.raises(UnavailableError):
        await store.delete(BLOB.sha256)
    # It was not tried twice: neither would come late.
    assert faulty.seen["DELETE"] == 1
    with pytest.raises(UnavailableError, match="did not say whether") as caught:
        await put(store, tmp_path)
    assert timedelta(0) < caught.value.retry_after <= timedelta(seconds=1)
    faulty.clear_faults()

    async def stored() -> bool:
        with suppress(UnavailableError):
            await put(store, tmp_path)
            return True
        return False

    async with asyncio.timeout(10):
        while not await stored():  # noqa: ASYNC110 - time alone tells
            await asyncio.sleep(0.05)
    assert await all_of(store) == DATA


async def test_a_page_that_can_not_be_had_is_told(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path
) -> None:
    await put(store, tmp_path)
    faulty.fault("refuse", method="GET", part="list-type")
    with pytest.raises(UnavailableError, match="SlowDown"):
        _all = [sha256 async for sha256 in store.hashes()]


async def test_a_slow_reader_holds_no_connection(
    store: ObjectStore, faulty: FaultyS3, tmp_path: Path
) -> None:
    await put(store, tmp_path, LARGE, LARGE_BLOB)
    readers = [aiter(store.read(LARGE_BLOB, 0, 0)) for _ in range(40)]
    for reader in readers:
        await anext(reader)
    await eventually(lambda: faulty.open == 0)
    for reader in readers:
        assert b"".join([piece async for piece in reader])[-1:] == b"x"
