"""Cache of remote blobs: fetched once, checked, linked, with the least recently used removed."""

import asyncio
import errno
import hashlib
import os
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from cellblock_server.blobs.blob_cache import KEPT_FROM, BlobCache
from cellblock_server.blobs.object_store import Blob, DamagedBlobError
from cellblock_server.blobs.room import DiskSpace
from cellblock_server.common.errors import ExhaustedError, UnavailableError
from tests.support.waiting import eventually


def blob_of(data: bytes) -> Blob:
    return Blob(hashlib.sha256(data).hexdigest(), len(data))


class Elsewhere:
    """A remote blob store that counts its reads."""

    def __init__(self) -> None:
        self.fetched: list[bytes] = []
        self.go_on = asyncio.Event()
        self.go_on.set()

    def reader(
        self, data: bytes, fails: Exception | None = None
    ) -> Callable[[], AsyncIterator[bytes]]:
        async def read() -> AsyncIterator[bytes]:
            self.fetched.append(data)
            yield data[:1]
            await self.go_on.wait()
            if fails is not None:
                raise fails
            yield data[1:]

        return read


@pytest.fixture
def elsewhere() -> Elsewhere:
    return Elsewhere()


async def cache_in(folder: Path, max_bytes: int = 100, min_free: int = 0) -> BlobCache:
    cache = BlobCache(folder / "cache", max_bytes, DiskSpace(folder, min_free))
    await cache.start()
    return cache


class Links:
    """Links blobs as attachments do, each at a path of its own."""

    def __init__(self, folder: Path, elsewhere: Elsewhere) -> None:
        self._folder, self._elsewhere = folder, elsewhere
        self._number = 0

    async def __call__(
        self,
        cache: BlobCache,
        data: bytes,
        fails: Exception | None = None,
        tenant: str = "tenant",
    ) -> Path:
        self._number += 1
        target = self._folder / f"link-{self._number}"
        await cache.link(blob_of(data), target, self._elsewhere.reader(data, fails), tenant)
        return target


@pytest.fixture
def link(tmp_path: Path, elsewhere: Elsewhere) -> Links:
    return Links(tmp_path, elsewhere)


def names(folder: Path) -> set[str]:
    """Return the hashes of the cached blobs, without the names of tenants."""
    return {path.name.rpartition(".")[2] for path in (folder / "cache").iterdir()}


async def test_blob_is_fetched_once_and_linked(
    tmp_path: Path, elsewhere: Elsewhere, link: Links
) -> None:
    cache = await cache_in(tmp_path)
    first, second = await link(cache, b"data"), await link(cache, b"data")
    assert elsewhere.fetched == [b"data"]
    assert first.read_bytes() == b"data"
    assert first.samefile(second)
    assert first.stat().st_mode & 0o777 == 0o444


async def test_each_tenant_has_its_own_file(
    tmp_path: Path, elsewhere: Elsewhere, link: Links
) -> None:
    cache = await cache_in(tmp_path)
    one, other = await link(cache, b"data", tenant="a"), await link(cache, b"data", tenant="b")
    assert not one.samefile(other)
    assert elsewhere.fetched == [b"data"] * 2


async def test_stored_bytes_go_to_the_first_tenant_that_attaches_them(
    tmp_path: Path, elsewhere: Elsewhere, link: Links
) -> None:
    cache = await cache_in(tmp_path, max_bytes=3 * KEPT_FROM)
    data = bytes(KEPT_FROM)
    (tmp_path / "stored").write_bytes(data)
    await cache.keep_file(tmp_path / "stored", blob_of(data))
    one, other = await link(cache, data, tenant="a"), await link(cache, data, tenant="b")
    assert not one.samefile(other)
    assert elsewhere.fetched == [data]


async def test_concurrent_links_share_one_fetch(
    tmp_path: Path, elsewhere: Elsewhere, link: Links
) -> None:
    cache = await cache_in(tmp_path)
    elsewhere.go_on.clear()
    linking = [asyncio.create_task(link(cache, b"data")) for _ in range(5)]
    await eventually(lambda: bool(elsewhere.fetched))
    elsewhere.go_on.set()
    links = await asyncio.gather(*linking)
    assert elsewhere.fetched == [b"data"]
    assert all(one.read_bytes() == b"data" for one in links)


async def test_fetch_continues_when_its_first_caller_leaves(
    tmp_path: Path, elsewhere: Elsewhere, link: Links
) -> None:
    cache = await cache_in(tmp_path)
    elsewhere.go_on.clear()
    leaving, staying = (asyncio.create_task(link(cache, b"data")) for _ in range(2))
    await eventually(lambda: bool(elsewhere.fetched))
    leaving.cancel()
    elsewhere.go_on.set()
    assert (await staying).read_bytes() == b"data"
    assert names(tmp_path) == {blob_of(b"data").sha256}


async def test_least_recently_used_blobs_are_removed(
    tmp_path: Path, elsewhere: Elsewhere, link: Links
) -> None:
    cache = await cache_in(tmp_path, max_bytes=10)
    for data in (b"aaaa", b"bbbb", b"aaaa", b"cccc"):
        await link(cache, data)
    assert names(tmp_path) == {blob_of(b"aaaa").sha256, blob_of(b"cccc").sha256}
    again = await link(cache, b"bbbb")
    assert elsewhere.fetched == [b"aaaa", b"bbbb", b"cccc", b"bbbb"]
    assert again.read_bytes() == b"bbbb"


async def test_links_of_a_removed_blob_stay(tmp_path: Path, link: Links) -> None:
    cache = await cache_in(tmp_path, max_bytes=4)
    first = await link(cache, b"aaaa")
    await link(cache, b"bbbb")
    assert names(tmp_path) == {blob_of(b"bbbb").sha256}
    assert first.read_bytes() == b"aaaa"


class SlowRemoval:
    """Makes removals of files wait for a signal."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        unlink = Path.unlink

        def slow(path: Path, *, missing_ok: bool = False) -> None:
            if not path.name.startswith("."):
                self.begun.set()
                assert self.go_on.wait(10)
            unlink(path, missing_ok=missing_ok)

        monkeypatch.setattr(Path, "unlink", slow)


@pytest.mark.parametrize("leaves", [False, True])
async def test_blob_linked_during_its_removal_is_not_lost(
    tmp_path: Path,
    elsewhere: Elsewhere,
    link: Links,
    monkeypatch: pytest.MonkeyPatch,
    *,
    leaves: bool,
) -> None:
    cache = await cache_in(tmp_path, max_bytes=8)
    await link(cache, b"aaaa")
    removal = SlowRemoval(monkeypatch)
    evicting = asyncio.create_task(link(cache, b"bbbbbb"))
    await eventually(removal.begun.is_set)
    coming = asyncio.create_task(link(cache, b"aaaa"))
    if leaves:
        evicting.cancel()
    # Enough time for a fetch to begin, if it didn't wait for the removal.
    for _ in range(100):
        await asyncio.to_thread(lambda: None)
    assert elsewhere.fetched == [b"aaaa"]
    removal.go_on.set()
    assert (await coming).read_bytes() == b"aaaa"
    await asyncio.gather(evicting, return_exceptions=True)
    assert (await link(cache, b"aaaa")).read_bytes() == b"aaaa"


async def test_blob_larger_than_the_cache_is_linked_and_not_cached(
    tmp_path: Path, link: Links
) -> None:
    cache = await cache_in(tmp_path, max_bytes=3)
    assert (await link(cache, b"larger")).read_bytes() == b"larger"
    assert names(tmp_path) == set()


async def test_complete_blobs_and_their_order_survive_a_restart(
    tmp_path: Path, elsewhere: Elsewhere, link: Links
) -> None:
    cache = await cache_in(tmp_path, max_bytes=12)
    for data in (b"aaaa", b"bbbb", b"cccc", b"aaaa"):
        await link(cache, data)
    (tmp_path / "cache" / ".half").write_bytes(b"ha")
    elsewhere.fetched.clear()
    await cache_in(tmp_path, max_bytes=8)
    assert names(tmp_path) == {blob_of(b"aaaa").sha256, blob_of(b"cccc").sha256}
    await link(await cache_in(tmp_path, max_bytes=8), b"aaaa")
    assert elsewhere.fetched == []


async def test_truncated_or_removed_blob_is_fetched_again(
    tmp_path: Path, elsewhere: Elsewhere, link: Links
) -> None:
    cache = await cache_in(tmp_path)
    await link(cache, b"data")
    (path,) = (tmp_path / "cache").iterdir()
    path.unlink()
    path.write_bytes(b"da")
    assert (await link(cache, b"data")).read_bytes() == b"data"
    path.unlink()
    assert (await link(cache, b"data")).read_bytes() == b"data"
    assert elsewhere.fetched == [b"data"] * 3


@pytest.mark.parametrize("error", [DamagedBlobError("other bytes"), UnavailableError("X", "away")])
async def test_failed_fetch_leaves_nothing(tmp_path: Path, link: Links, error: Exception) -> None:
    cache = await cache_in(tmp_path)
    with pytest.raises(type(error)):
        await link(cache, b"data", error)
    assert names(tmp_path) == set()
    assert not (tmp_path / "link-1").exists()


async def test_nearly_full_disk_is_reported_after_the_cache_is_emptied(
    tmp_path: Path, link: Links, elsewhere: Elsewhere
) -> None:
    await link(await cache_in(tmp_path), b"old")
    cache = await cache_in(tmp_path, min_free=2**60)
    with pytest.raises(ExhaustedError, match="nearly full"):
        await link(cache, b"new")
    assert elsewhere.fetched == [b"old"]
    assert names(tmp_path) == set()


async def test_full_disk_is_reported(
    tmp_path: Path, link: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_with_full_disk(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    cache = await cache_in(tmp_path)
    monkeypatch.setattr(os, "fsync", fail_with_full_disk)
    with pytest.raises(UnavailableError) as caught:
        await link(cache, b"data")
    assert caught.value.reason == "STORE_FULL"
    assert names(tmp_path) == set()


async def test_stored_bytes_over_the_minimum_size_are_cached(
    tmp_path: Path, elsewhere: Elsewhere, link: Links
) -> None:
    cache = await cache_in(tmp_path, max_bytes=4 * KEPT_FROM)
    for data in (bytes(KEPT_FROM), b"small"):
        (tmp_path / "file").write_bytes(data)
        await cache.keep_file(tmp_path / "file", blob_of(data))
        await link(cache, data)
    assert elsewhere.fetched == [b"small"]
