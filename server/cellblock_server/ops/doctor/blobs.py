"""Check whether the bytes of files can be stored. Writes one object and deletes it."""

from collections.abc import Callable

from cellblock_server.common.errors import CellblockError
from cellblock_server.common.ids import new_id
from cellblock_server.config import Settings
from cellblock_server.ops.doctor.finding import Findings, ok, problem

CHECK = "blob store"
NEEDED = "s3:ListBucket of the bucket, s3:GetObject, s3:PutObject and s3:DeleteObject of the prefix"


def blob_findings(settings: Settings) -> Findings:
    """Check an S3 store; yield nothing for a folder, whose disk is checked anyway."""
    location = settings.blobs.location
    if location is None:
        return
    try:
        # obstore comes with an extra.
        from obstore.exceptions import BaseError

        from cellblock_server.blobs.s3_client import client
        from cellblock_server.blobs.s3_errors import words
    except ModuleNotFoundError:
        yield problem(CHECK, "blobs.url: s3:// needs obstore", "pip install 'cellblock[s3]'")
        return
    try:
        bucket = client(settings.blobs, location, retries=1)
    except CellblockError as error:
        yield problem(CHECK, str(error), "fix it: docs/operate/storage.md")
        return
    key, data = new_id("probe-"), b"cellblock doctor"
    tries: tuple[tuple[str, Callable[[], object]], ...] = (
        ("listed", lambda: next(iter(bucket.list("blobs", chunk_size=1)), None)),
        ("written", lambda: bucket.put(key, data, use_multipart=False)),
        ("read", lambda: bytes(bucket.get(key).bytes())),
        ("deleted", lambda: bucket.delete(key)),
    )
    for name, attempt in tries:
        try:
            attempt()
        except (BaseError, FileNotFoundError) as error:
            yield problem(
                CHECK,
                f"{location}: can't be {name}: {words(error)}",
                f"fix blobs.url, the credentials or their rights ({NEEDED}): "
                "docs/operate/storage.md",
            )
            return
    yield ok(CHECK, f"{location} can be listed, written, read and deleted in")
    yield from _owner(settings, str(location), lambda: bytes(bucket.get("owner").bytes()).decode())


def _owner(settings: Settings, location: str, read: Callable[[], str]) -> Findings:
    instance = settings.server.state_dir / "instance"
    try:
        found = read()
    except FileNotFoundError:
        yield ok(CHECK, f"{location} is not owned by a server yet")
        return
    if not instance.exists() or instance.read_text() != found:
        yield problem(
            CHECK,
            f"{location} is the prefix of another server's state folder",
            "choose another prefix for each server, or restore that one's copy",
        )
