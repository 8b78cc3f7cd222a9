"""Compares file operations with the bytes in a directory and in a bucket. Asserts nothing.

    python -m benchmarks.blob_stores [--rounds N]

The bucket is that of moto's server, in Python and on this machine: it says what our side costs and
how often it asks, not what a store elsewhere takes. `attach` is what a sandbox's hard link takes:
of a file that was just stored, and, of a bucket, of one that has to be fetched first.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from tests.support.buckets import blob_cache, s3_objects
from tests.support.s3 import S3Server, s3_server

from cellblock_server.blobs.blob_store import BlobStore
from cellblock_server.blobs.folder_store import FolderStore
from cellblock_server.blobs.object_store import CHUNK, Blob
from cellblock_server.blobs.room import DiskSpace
from cellblock_server.common.ids import new_id

SIZES = {"1 KB": 1000, "1 MB": 10**6, "100 MB": 10**8}
FOLDER, BUCKET = "folder", "bucket"
STEPS = ("put", "get", "attach", "attach, not in the cache")
Times = dict[str, float]
"""Seconds of each step."""


async def main() -> None:
    """Measure, and print a table for docs/project/performance-details.md."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.0f}, {os.cpu_count()} CPUs")
    print(f"| bytes | store | {' | '.join(f'{step}, ms' for step in STEPS)} |")
    print(f"| --- | --- |{' --- |' * len(STEPS)}")
    with tempfile.TemporaryDirectory() as name, s3_server(Path(name)) as s3:
        for words, size in SIZES.items():
            found: dict[str, list[Times]] = {FOLDER: [], BUCKET: []}
            for number in range(options.rounds):
                for kind, times in found.items():
                    times.append(
                        await _round(Path(name) / f"{kind}-{size}-{number}", kind, s3, size)
                    )
            for kind, rounds in found.items():
                print(
                    f"| {words} | {kind} | {' | '.join(_shown(rounds, step) for step in STEPS)} |"
                )


def _shown(rounds: list[Times], step: str) -> str:
    values = [times[step] for times in rounds if step in times]
    return f"{statistics.median(values) * 1000:.1f}" if values else "—"


async def _round(folder: Path, kind: str, s3: S3Server, size: int) -> Times:
    room = DiskSpace(folder, 0)
    opened = _opener(folder, kind, s3, room)
    blobs = opened()
    await blobs.start([])
    data = os.urandom(size)
    times: Times = {}
    began = time.perf_counter()
    with blobs.hold_blobs() as hold:
        blob = await hold.write(_pieces(data), max_bytes=size, field="data")
        times["put"] = time.perf_counter() - began
        times["get"] = await _read(blobs, blob)
        times["attach"] = await _link(blobs, blob, folder)
    if kind == BUCKET:
        for path in (folder.parent / f"{folder.name}-cache").iterdir():
            path.unlink()
        # A fresh cache has no entries.
        blobs = opened()
        await blobs.start([])
        times["attach, not in the cache"] = await _link(blobs, blob, folder)
    return times


def _opener(folder: Path, kind: str, s3: S3Server, room: DiskSpace) -> Callable[[], BlobStore]:
    if kind == FOLDER:
        return lambda: BlobStore(folder, room, FolderStore(folder, blob_cache(folder, room=room)))
    prefix = new_id("")
    return lambda: BlobStore(folder, room, s3_objects(s3, folder, room, prefix=prefix))


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    for begin in range(0, len(data), CHUNK):
        yield data[begin : begin + CHUNK]


async def _read(blobs: BlobStore, blob: Blob) -> float:
    began = time.perf_counter()
    # A complete read is verified against the hash.
    async for _piece in blobs.read(blob, 0, 0):
        pass
    return time.perf_counter() - began


async def _link(blobs: BlobStore, blob: Blob, folder: Path) -> float:
    target = folder / "link"
    began = time.perf_counter()
    await blobs.link_to(blob, target, "tenant")
    taken = time.perf_counter() - began
    target.unlink()
    return taken


if __name__ == "__main__":
    asyncio.run(main())
