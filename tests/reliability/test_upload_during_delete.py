"""Uploads of bytes while a file with the same bytes is deleted: they are stored once."""

import asyncio

from cellblock_client import AsyncClient, File
from cellblock_client.errors import NotFoundError

ROUNDS = 30
CONTENT = b"the same bytes" * 1000


async def test_no_file_is_without_its_bytes(async_client: AsyncClient) -> None:
    files = async_client.files
    old: list[File] = []
    for _ in range(ROUNDS):
        async with asyncio.TaskGroup() as tasks:
            new = [tasks.create_task(files.upload(CONTENT, "a.bin")) for _ in range(2)]
            for file in old:
                tasks.create_task(files.delete(file.id))
        old = [upload.result() for upload in new]
        for file in old:
            assert await files.read(file.id) == CONTENT
    for file in old:
        await files.delete(file.id)


async def test_a_file_that_is_deleted_by_several_is_gone_once(async_client: AsyncClient) -> None:
    file = await async_client.files.upload(CONTENT, "a.bin")
    outcomes = await asyncio.gather(
        *(async_client.files.delete(file.id) for _ in range(4)), return_exceptions=True
    )
    assert None in outcomes
    assert all(isinstance(outcome, NotFoundError) for outcome in outcomes if outcome)
