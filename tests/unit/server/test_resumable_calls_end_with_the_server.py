"""Uploads whose callers can resume them end as soon as the server stops."""

import asyncio
from typing import Any

import pytest

from cellblock_server.app.draining import Draining
from cellblock_server.app.files import FileUseCases
from cellblock_server.common.errors import UnavailableError
from cellblock_server.files.uploads import Upload

ABSENT: Any = None


class Uploads:
    """An upload service whose uploads wait to be ended."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()

    async def upload(self, _tenant: str, _upload: Upload, _received: object) -> str:
        """Do the same as `UploadService.upload`, but wait for the test."""
        self.begun.set()
        await self.may_end.wait()
        return "stored"


@pytest.fixture
async def uploads() -> Any:
    return Uploads()


def upload_while(draining: Draining, uploads: Any, upload: Upload) -> "asyncio.Task[object]":
    """Begin an upload in a call that `draining` can end."""

    async def call() -> object:
        files = FileUseCases(ABSENT, uploads, ABSENT, ABSENT)
        with draining.open_call() as opened, opened.working():
            return await files.upload("t", upload, ABSENT)

    return asyncio.ensure_future(call())


async def test_upload_with_an_id_ends_immediately(uploads: Any) -> None:
    draining = Draining()
    call = upload_while(draining, uploads, Upload("a", upload_id="upload_1"))
    await uploads.begun.wait()
    draining.begin()
    with pytest.raises(UnavailableError, match="resume this call"):
        await call


async def test_upload_without_an_id_may_complete(uploads: Any) -> None:
    draining = Draining()
    call = upload_while(draining, uploads, Upload("a"))
    await uploads.begun.wait()
    draining.begin()
    uploads.may_end.set()
    assert await call == "stored"


async def test_upload_with_an_id_does_not_begin_when_the_server_stops(uploads: Any) -> None:
    draining = Draining()
    with draining.open_call():
        draining.begin()
        files = FileUseCases(ABSENT, uploads, ABSENT, ABSENT)
        with pytest.raises(UnavailableError):
            await files.upload("t", Upload("a", upload_id="upload_1"), ABSENT)
    assert not uploads.begun.is_set()
