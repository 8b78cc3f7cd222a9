"""Messages for operators about failures of an S3-compatible store or the connection to it.

obstore reports a failure as text with the whole response in it. The message has the response's code
and message, which contain no secret, or the failure of the connection.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

from obstore.exceptions import BaseError

from cellblock_server.common.errors import UnavailableError

MAX_WORDS = 200
CODE = re.compile(r"<Code>([A-Za-z0-9.]{1,64})</Code>")
MESSAGE = re.compile(r"<Message>([^<]{1,1000})</Message>")
STATUS = re.compile(r"non-2xx status code: (\d{3}[ A-Za-z-]*)")
ON_THE_WAY = {
    "TimedOut": "no answer in time",
    "UnknownIssuer": "its certificate is of an authority that is not known (blobs.ca_file)",
    "InvalidCertificate": "its certificate is not valid for it",
    "Connection refused": "the connection was refused",
    "dns error": "its name is not known",
    "without LOCATION": "the bucket is in another region",
    "InvalidMessage": "it does not speak TLS",
    "Connection reset": "the connection broke",
    "IncompleteMessage": "the connection broke",
    "UnexpectedEof": "the connection broke",
}
"""Substrings of obstore's errors, with their meaning."""
BUSY = ("SlowDown", "ServiceUnavailable", "TooManyRequests")
BUSY_RETRY_AFTER = timedelta(seconds=5)
TOO_SHORT = ("InvalidRange", "416")


class BlobStoreError(UnavailableError):
    """The S3-compatible store, or the connection to it, failed."""

    def __init__(self, detail: str, retry_after: timedelta = timedelta(seconds=1)) -> None:
        """Store the cause, and when a retry may succeed."""
        super().__init__("BLOB_STORE_FAILED", "the blob store failed", retry_after, detail=detail)


class NoAnswerError(BlobStoreError):
    """The store has accepted a request, or a connection, and sent nothing for too long."""

    def __init__(self) -> None:
        """Use a fixed message."""
        super().__init__("no answer in time", BUSY_RETRY_AFTER)


@contextmanager
def converted_s3_errors() -> Iterator[None]:
    """Convert the store's failures in the block to BlobStoreError."""
    try:
        yield
    except (FileNotFoundError, BaseError) as error:
        raise _blob_store_error(error) from error


@asynccontextmanager
async def raise_if_silent(timeout: timedelta) -> AsyncIterator[None]:
    """Raise NoAnswerError if the block takes longer than `timeout`."""
    try:
        async with asyncio.timeout(timeout.total_seconds()):
            yield
    except TimeoutError:
        raise NoAnswerError from None


def words(error: Exception) -> str:
    """Return a message for operators."""
    text = str(error)
    if code := CODE.search(text):
        message = MESSAGE.search(text)
        return f"{code[1]}: {message[1][:MAX_WORDS]}" if message else code[1]
    if status := STATUS.search(text):
        return status[1].strip()
    for sign, meaning in ON_THE_WAY.items():
        if sign in text:
            return meaning
    return text.splitlines()[0].rpartition(" - ")[2][:MAX_WORDS]


def is_too_short(error: Exception) -> bool:
    """Whether an object ends before the requested range begins."""
    return any(sign in words(error) for sign in TOO_SHORT)


def _blob_store_error(error: Exception) -> BlobStoreError:
    found = words(error)
    if any(found.startswith(code) for code in BUSY) or found.startswith(("503", "429")):
        return BlobStoreError(found, BUSY_RETRY_AFTER)
    return BlobStoreError(found)
