"""An S3 store that takes requests and never answers them."""

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from cellblock_server.blobs.object_store import Blob, ObjectStore
from cellblock_server.blobs.s3_store import MAX_PUTS, S3Store
from cellblock_server.blobs.s3_timings import S3Timings
from cellblock_server.common.errors import UnavailableError
from tests.support.buckets import s3_objects
from tests.support.faulty_s3 import FaultyS3, faulty_s3
from tests.support.s3 import S3Server

SHORT = S3Timings(silence=0.3)
"""The requests' own bound stays at 30 s: a test that has to wait for it fails."""
SOON_SECONDS = 20


@pytest.fixture
def faulty(s3: S3Server) -> Iterator[FaultyS3]:
    with faulty_s3(s3.port) as faulty:
        yield faulty


@pytest.fixture
async def store(s3: S3Server, faulty: FaultyS3, tmp_path: Path) -> S3Store:
    store = s3_objects(s3, tmp_path / "blobs", port=faulty.port, timings=SHORT)
    await store.start()
    assert isinstance(store, S3Store)
    return store


@pytest.fixture
def patient(s3: S3Server, faulty: FaultyS3, tmp_path: Path) -> ObjectStore:
    """The same one, for requests that are answered: a busy machine may take its time."""
    return s3_objects(s3, tmp_path / "blobs", port=faulty.port)


async def put(store: ObjectStore, file: Path, data: bytes) -> Blob:
    file.write_bytes(data)
    blob = Blob(hashlib.sha256(data).hexdigest(), len(data))
    await store.put(file, blob)
    return blob


async def test_each_upload_fails_within_one_bound_however_many_wait(
    store: S3Store, faulty: FaultyS3, tmp_path: Path
) -> None:
    faulty.fault("hold", method="PUT")
    names = [str(number) for number in range(3 * MAX_PUTS)]
    async with asyncio.timeout(SOON_SECONDS):
        outcomes = await asyncio.gather(
            *(put(store, tmp_path / name, name.encode()) for name in names),
            return_exceptions=True,
        )
    assert {str(outcome) for outcome in outcomes} == {"the blob store failed: no answer in time"}
    # Those that waited for their turn did not have a turn of the same length then.
    assert faulty.seen["PUT"] <= 1 + MAX_PUTS
    faulty.clear_faults()
    # Each has given its turn back.
    assert not store._puts.locked()


async def test_a_download_fails_within_it(
    store: ObjectStore, patient: ObjectStore, faulty: FaultyS3, tmp_path: Path
) -> None:
    blob = await put(patient, tmp_path / "file", b"data")
    faulty.fault("hold", method="GET")
    async with asyncio.timeout(SOON_SECONDS):
        with pytest.raises(UnavailableError, match="no answer in time"):
            await anext(store.read(blob, 0, 0))
