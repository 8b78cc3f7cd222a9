"""Uploads and downloads from a real server resume after broken connections."""

import hashlib
import io

import pytest

from cellblock_client import AsyncClient, Client
from tests.integration.cli.proxy import breaking

MIB = 2**20
CONTENT = b"".join(bytes([number]) * MIB for number in range(20))
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize("kind", ["ordinary", "asyncio"])
async def test_an_upload_resumes_after_a_broken_connection(
    server: str, client: Client, kind: str
) -> None:
    progress: list[int] = []
    with breaking(server) as proxy:
        proxy.breaks = [("up", 6 * MIB), ("up", 6 * MIB)]
        if kind == "asyncio":
            async with AsyncClient(proxy.address) as caller:
                file = await caller.files.upload(
                    CONTENT, "big", progress=lambda done, _total: progress.append(done)
                )
        else:
            with Client(proxy.address) as ordinary:
                file = ordinary.files.upload(
                    CONTENT, "big", progress=lambda done, _total: progress.append(done)
                )
        assert proxy.connections == 3
    assert (file.bytes, file.sha256) == (len(CONTENT), SHA256)
    assert client.files.read(file.id) == CONTENT
    assert progress[-1] == len(CONTENT)
    # Hardly more was sent than there is: what had come was not sent again.
    assert len(progress) < 35


@pytest.mark.parametrize("kind", ["ordinary", "asyncio"])
async def test_a_download_resumes_after_a_broken_connection(
    server: str, client: Client, kind: str
) -> None:
    file = client.files.upload(CONTENT, "big")
    target = io.BytesIO()
    with breaking(server) as proxy:
        proxy.breaks = [("down", 6 * MIB), ("down", 6 * MIB)]
        if kind == "asyncio":
            async with AsyncClient(proxy.address) as caller:
                await caller.files.download(file.id, target)
        else:
            with Client(proxy.address) as ordinary:
                ordinary.files.download(file.id, target)
        assert proxy.connections == 3
    assert target.getvalue() == CONTENT
