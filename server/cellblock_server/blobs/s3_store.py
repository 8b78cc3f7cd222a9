"""Bytes of files in a bucket of an S3-compatible store.

<prefix>/owner the server that owns the prefix

<prefix>/blobs/<sha256>/<n> the n-th `PART_BYTES` of a blob, from 0 on

A blob in parts needs no multipart upload: no listing shows the parts that a killed server leaves of
one, and the store can verify a part against its SHA-256, but not the combined object. A blob is
valid when a file has it, and no file does before all its parts are stored.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store as Client

from cellblock_server.blobs.blob_cache import BlobCache
from cellblock_server.blobs.local import in_thread
from cellblock_server.blobs.object_store import (
    CHUNK,
    GONE,
    OTHER_BYTES,
    Blob,
    DamagedBlobError,
)
from cellblock_server.blobs.s3_errors import (
    BlobStoreError,
    NoAnswerError,
    converted_s3_errors,
    is_too_short,
    raise_if_silent,
)
from cellblock_server.blobs.s3_timings import S3Timings
from cellblock_server.config.blobs import S3Location

PART_BYTES = 8 * 2**20
"""Size of one object, and so of one request. Do not change it: stored blobs would be lost."""
WINDOW_BYTES = 4 * CHUNK
"""Bytes that a reader buffers: no connection stays open for a slow reader."""
MAX_PUTS = 4
"""Number of blobs stored concurrently, each with one part in memory; others wait."""
PAGE = 1000
"""Number of keys in one response."""
OWNER = "owner"
MAX_OWNER_BYTES = 256
KEY = re.compile(r"blobs/([0-9a-f]{64})/\d{1,6}")


class S3Store:
    """An `ObjectStore` in a bucket."""

    def __init__(
        self,
        client: Client,
        impatient: Client,
        location: S3Location,
        owner: str,
        cache: BlobCache,
        timings: S3Timings | None = None,
    ) -> None:
        """Use the prefix of `client`, which `owner` owns, and link from `cache`.

        `impatient` retries nothing. Putting or reading bytes fails when the store has not responded
        for `timings.silence`, retries included.
        """
        self._timings = timings or S3Timings()
        self._silence = timedelta(seconds=self._timings.silence)
        self._client = client
        self._impatient = impatient
        self._location = location
        self._owner = owner
        self._cache = cache
        self._puts = asyncio.Semaphore(MAX_PUTS)
        self._put_answered_at = 0.0
        """Time at which the store last accepted a part."""
        self._put_unanswered_at = 0.0
        """Time at which an upload last gave up."""
        self._doubtful: dict[str, float] = {}
        """Hashes whose deletion was not acknowledged, and until when it may still happen."""

    async def start(self) -> None:
        """See `ObjectStore`; raises UnavailableError if another server owns the prefix."""
        try:
            await self._claim()
        except BlobStoreError as error:
            raise BlobStoreError(f"blobs.url: {self._location}: {error.detail}") from error
        await self._cache.start()

    async def close(self) -> None:
        """See `ObjectStore`. Connections end with the process."""

    async def check(self) -> None:
        """See `ObjectStore`: reading a few bytes tests connection, bucket and rights."""
        found = await self._found_owner()
        if found is None:
            raise BlobStoreError("the object `owner` of its prefix is missing")
        self._check_owner(found)

    async def put(self, file: Path, blob: Blob) -> None:
        """See `ObjectStore`."""
        self._check_doubt(blob.sha256)
        async with self._turn_to_put() as since:
            for number in range(_parts(blob.size)):
                data = await in_thread(partial(_part, file, number))
                try:
                    async with raise_if_silent(self._left(since)):
                        with converted_s3_errors():
                            await self._client.put_async(
                                _key(blob.sha256, number), data, use_multipart=False
                            )
                except NoAnswerError:
                    self._put_unanswered_at = _now()
                    raise
                since = self._put_answered_at = _now()
        await self._cache.keep_file(file, blob)

    async def read(self, blob: Blob, offset: int, length: int) -> AsyncIterator[bytes]:
        """See `ObjectStore`."""
        left = min(length or blob.size, blob.size - offset)
        digest = hashlib.sha256() if left == blob.size else None
        if left == 0 or _parts(blob.size) > 1:
            # A single part reports its size when it is read.
            await self._check_sizes(blob)
        while left > 0:
            data = await self._window(blob, offset, left)
            offset += len(data)
            left -= len(data)
            if digest is not None:
                await asyncio.to_thread(digest.update, data)
                if left == 0 and digest.hexdigest() != blob.sha256:
                    raise DamagedBlobError(OTHER_BYTES)
            for begin in range(0, len(data), CHUNK):
                yield data[begin : begin + CHUNK]

    async def link_to(self, blob: Blob, destination: Path, tenant: str) -> bool:
        """See `ObjectStore`."""
        return await self._cache.link(blob, destination, partial(self.read, blob, 0, 0), tenant)

    async def delete(self, sha256: str) -> None:
        """See `ObjectStore`. It is tried once: a late deletion must not follow a later put."""
        numbers = sorted(await self._sizes(sha256))
        try:
            with converted_s3_errors():
                for number in numbers:
                    await self._impatient.delete_async(_key(sha256, number))
        except BaseException:
            self._doubtful[sha256] = _now() + self._timings.doubt
            raise

    async def hashes(self) -> AsyncIterator[str]:
        """See `ObjectStore`. Each hash comes once, as long as the store lists keys in order."""
        last = ""
        with converted_s3_errors():
            async for page in self._client.list("blobs", chunk_size=PAGE):
                for found in page:
                    key = KEY.fullmatch(found["path"])
                    if key is not None and key[1] != last:
                        last = key[1]
                        yield last

    @asynccontextmanager
    async def _turn_to_put(self) -> AsyncIterator[float]:
        """Wait for one of a few slots to put bytes, as long as the store responds to others.

        Yields the time since which the store has been silent, or the caller has waited, if that is
        shorter.
        """
        begun = _now()
        while True:
            try:
                async with raise_if_silent(self._left(max(begun, self._put_answered_at))):
                    await self._puts.acquire()
                break
            except NoAnswerError:
                if self._left(max(begun, self._put_answered_at)) <= timedelta(0):
                    raise
        try:
            since = max(begun, self._put_answered_at)
            if self._put_unanswered_at > since:
                # It has this turn because others gave up.
                raise NoAnswerError
            yield since
        finally:
            self._puts.release()

    def _left(self, since: float) -> timedelta:
        """Return the time for which the store may still be silent."""
        return timedelta(seconds=since - _now()) + self._silence

    async def _claim(self) -> None:
        """Record this server as the owner of the prefix if it has none."""
        found = await self._found_owner()
        if found is None:
            # Another server may be quicker.
            with converted_s3_errors(), suppress(AlreadyExistsError):
                await self._client.put_async(
                    OWNER, self._owner.encode(), mode="create", use_multipart=False
                )
            # A store may ignore that condition: the last writer owns the prefix.
            found = await self._found_owner()
        self._check_owner(found or "")

    async def _found_owner(self) -> str | None:
        """Return the prefix's owner, or None. Raises UnavailableError without a bucket."""
        with converted_s3_errors():
            try:
                answer = await self._client.get_async(
                    OWNER, options={"range": (0, MAX_OWNER_BYTES)}
                )
                return bytes(await answer.bytes_async()).decode(errors="replace")
            except FileNotFoundError:
                # A missing bucket can't be listed.
                async for _page in self._client.list(OWNER, chunk_size=1):
                    break
                return None

    def _check_owner(self, found: str) -> None:
        if found != self._owner:
            raise BlobStoreError(
                "the prefix is another server's: choose another one for each, or restore the copy "
                "of that server's state folder",
            )

    def _check_doubt(self, sha256: str) -> None:
        now = _now()
        self._doubtful = {one: until for one, until in self._doubtful.items() if until > now}
        if (until := self._doubtful.get(sha256)) is not None:
            seconds = until - now
            raise BlobStoreError(
                "it did not confirm a deletion of the same bytes: they can be "
                f"stored again after {seconds:.0f} s",
                timedelta(seconds=seconds),
            )

    async def _window(self, blob: Blob, offset: int, left: int) -> bytes:
        """Return some bytes from `offset` on."""
        number, begin = divmod(offset, PART_BYTES)
        size = _part_size(blob.size, number)
        end = min(begin + min(WINDOW_BYTES, left), size)
        with converted_s3_errors():
            try:
                async with raise_if_silent(self._silence):
                    answer = await self._client.get_async(
                        _key(blob.sha256, number), options={"range": (begin, end)}
                    )
                    data = bytes(await answer.bytes_async())
            except (FileNotFoundError, BaseError) as error:
                if isinstance(error, FileNotFoundError) or is_too_short(error):
                    # Only a listing distinguishes missing bytes from a missing bucket.
                    await self._check_sizes(blob)
                raise
        if answer.meta["size"] != size or len(data) != end - begin:
            await self._check_sizes(blob)
            raise DamagedBlobError(OTHER_BYTES)
        return data

    async def _check_sizes(self, blob: Blob) -> None:
        """Raise DamagedBlobError unless all parts are stored, in their sizes."""
        sizes = await self._sizes(blob.sha256)
        if not sizes:
            raise DamagedBlobError(GONE)
        if sizes != {n: _part_size(blob.size, n) for n in range(_parts(blob.size))}:
            raise DamagedBlobError.short(sum(sizes.values()), blob.size)

    async def _sizes(self, sha256: str) -> dict[int, int]:
        """Return the size of each stored part."""
        sizes: dict[int, int] = {}
        with converted_s3_errors():
            async for page in self._client.list(f"blobs/{sha256}", chunk_size=PAGE):
                for found in page:
                    if KEY.fullmatch(found["path"]):
                        sizes[int(found["path"].rpartition("/")[2])] = found["size"]
        return sizes


def _key(sha256: str, number: int) -> str:
    return f"blobs/{sha256}/{number}"


def _parts(size: int) -> int:
    """Return the number of parts; an empty blob has one, so that it can be found."""
    return max(1, -(-size // PART_BYTES))


def _part_size(size: int, number: int) -> int:
    return min(PART_BYTES, size - number * PART_BYTES)


def _part(file: Path, number: int) -> bytes:
    with file.open("rb") as reading:
        reading.seek(number * PART_BYTES)
        return reading.read(PART_BYTES)


def _now() -> float:
    return asyncio.get_running_loop().time()
