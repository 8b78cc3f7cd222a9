"""Storage of the bytes of files in tests: a folder, or the S3 server that `--blobs` names."""

import hashlib
from pathlib import Path

from cellblock_server.blobs.blob_cache import BlobCache
from cellblock_server.blobs.blob_store import BlobStore
from cellblock_server.blobs.folder_store import FolderStore
from cellblock_server.blobs.object_store import ObjectStore
from cellblock_server.blobs.room import DiskSpace
from cellblock_server.blobs.s3_client import client
from cellblock_server.blobs.s3_store import S3Store
from cellblock_server.blobs.s3_timings import S3Timings
from cellblock_server.config.blobs import Blobs, parse_s3_url
from tests.support.s3 import CREDENTIALS, KEY_ID, SECRET, S3Server

GIB = 2**30


class _Used:
    s3: S3Server | None = None


def use(s3: S3Server | None) -> None:
    """Store the bytes of all later tests in a bucket of this server."""
    _Used.s3 = s3


def prefix_of(folder: Path) -> str:
    """Return the prefix that replaces a folder: the same one each time."""
    return hashlib.sha256(str(folder).encode()).hexdigest()[:16]


def blob_environment(state: Path) -> dict[str, str]:
    """Return the environment with which a server with this state folder uses the bucket."""
    if _Used.s3 is None:
        return {}
    return {"CELLBLOCK_BLOBS__URL": _Used.s3.url(prefix_of(state / "blobs")), **CREDENTIALS}


def stored_in(state: Path) -> list[str]:
    """Return all bytes that a server with this state folder has stored, wholly or in part."""
    found = [path.name for path in (state / "blobs").rglob("*") if path.is_file()]
    if _Used.s3 is not None:
        found += [key for key in _Used.s3.keys(prefix_of(state / "blobs")) if key != "owner"]
    return found


def stored_hashes(state: Path) -> set[str]:
    """Return the hashes of all bytes that a server with this state folder has stored."""
    if _Used.s3 is not None:
        keys = _Used.s3.keys(prefix_of(state / "blobs"))
        return {key.split("/")[1] for key in keys if key != "owner"}
    paths = (state / "blobs").glob("[0-9a-f][0-9a-f]/*")
    return {path.parent.name + path.name for path in paths if path.is_file()}


def linked_file(state: Path, sha256: str) -> Path:
    """Return the cached file to which inputs of sandboxes are linked."""
    (path,) = (state / "blob-cache").glob(f"*.{sha256}")
    return path


def blob_cache(folder: Path, cache_bytes: int = GIB, room: DiskSpace | None = None) -> BlobCache:
    """Return a cache for a store in a folder; the cache is in a folder beside it."""
    cache = folder.parent / f"{folder.name}-cache"
    return BlobCache(cache, cache_bytes, room or DiskSpace(folder, 0))


def blob_store(folder: Path, min_free: int = 0) -> BlobStore:
    """Return a store that keeps bytes in `folder`, or in a prefix for it."""
    room = DiskSpace(folder, min_free)
    if _Used.s3 is None:
        return BlobStore(folder, room, FolderStore(folder, blob_cache(folder, room=room)))
    return BlobStore(folder, room, s3_objects(_Used.s3, folder, room))


def s3_objects(
    s3: S3Server,
    folder: Path,
    room: DiskSpace | None = None,
    *,
    owner: str = "",
    prefix: str = "",
    port: int = 0,
    cache_bytes: int = GIB,
    timings: S3Timings | None = None,
) -> ObjectStore:
    """Return an S3 store of the test; `port` is the port of a proxy in front of it, if any."""
    credentials = folder.parent / f"{folder.name}-credentials"
    credentials.parent.mkdir(parents=True, exist_ok=True)
    credentials.write_text(
        f"[default]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n"
    )
    settings = Blobs(
        url=s3.url(prefix or prefix_of(folder), port), credentials_file=str(credentials)
    )
    location = parse_s3_url(settings.url)
    return S3Store(
        client(settings, location, timings=timings),
        client(settings, location, retries=0, timings=timings),
        location,
        owner or str(folder),
        blob_cache(folder, cache_bytes, room),
        timings,
    )
