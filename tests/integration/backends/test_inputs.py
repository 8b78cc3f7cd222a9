"""Stored bytes become readable in a sandbox, however its backend brings them there."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cellblock_server.agent.connection import AgentConnection
from cellblock_server.backends.sandbox import SandboxInput
from cellblock_server.common.errors import DataLossError, NotFoundError
from tests.integration.backends.conftest import BackendOfServer

BYTES = bytes(range(256)) * 16384
"""Content that is transferred in more than one piece."""


@dataclass(frozen=True)
class StoredFile:
    """A file of the server's store."""

    path: Path
    is_damaged: bool = False
    name: str = "file-1"

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    async def read(self) -> AsyncIterator[bytes]:
        with self.path.open("rb") as file:
            while data := file.read(2**20):
                yield data
                if self.is_damaged:
                    raise DataLossError("FILE_DAMAGED", "it is damaged")

    async def link_to(self, destination: Path) -> bool:
        if self.is_damaged:
            raise DataLossError("FILE_DAMAGED", "it is damaged")
        destination.hardlink_to(self.path)
        return True


@pytest.fixture
def stored(tmp_path: Path) -> StoredFile:
    path = tmp_path / "stored"
    path.write_bytes(BYTES)
    path.chmod(0o444)
    return StoredFile(path)


async def read(agent: AgentConnection, path: str) -> bytes:
    return b"".join([piece async for piece in agent.read_file(path)])


async def test_offered_input_is_readable_in_the_sandbox(
    server: BackendOfServer, stored: StoredFile
) -> None:
    sandbox = await server.start_sandbox()
    offered: SandboxInput = stored
    copied = await server.backend.offer_input(sandbox.id, offered)
    if server.backend.capabilities.links_inputs:
        assert not copied
    await sandbox.agent.link_input(stored.name, "data.bin", alias="alias")
    code = "import hashlib; print(hashlib.sha256(open('data.bin', 'rb').read()).hexdigest())"
    printed = await server.run(sandbox, code)
    assert await read(sandbox.agent, "data.bin") == BYTES
    assert printed == await server.run(sandbox, code.replace("data.bin", "alias"))


async def test_input_that_is_offered_again_is_not_copied_again(
    server: BackendOfServer, stored: StoredFile
) -> None:
    sandbox = await server.start_sandbox()
    await server.backend.offer_input(sandbox.id, stored)
    assert not await server.backend.offer_input(sandbox.id, stored)


async def test_withdrawn_input_is_gone_and_may_be_offered_again(
    server: BackendOfServer, stored: StoredFile
) -> None:
    sandbox = await server.start_sandbox()
    await server.backend.offer_input(sandbox.id, stored)
    for _time in range(2):  # again: no error
        await server.backend.withdraw_input(sandbox.id, stored.name)
    with pytest.raises(NotFoundError):
        await sandbox.agent.link_input(stored.name, "data.bin", alias="alias")
    await server.backend.offer_input(sandbox.id, stored)
    await sandbox.agent.link_input(stored.name, "data.bin", alias="alias")
    assert await read(sandbox.agent, "data.bin") == BYTES


async def test_failed_offer_leaves_nothing(server: BackendOfServer, stored: StoredFile) -> None:
    sandbox = await server.start_sandbox()
    with pytest.raises(DataLossError):
        await server.backend.offer_input(sandbox.id, StoredFile(stored.path, is_damaged=True))
    await server.backend.offer_input(sandbox.id, stored)
    await sandbox.agent.link_input(stored.name, "data.bin", alias="alias")
    assert await read(sandbox.agent, "data.bin") == BYTES


@pytest.mark.parametrize("path", ["/mnt/inputs/file-1", "/mnt/data/data.bin"])
async def test_code_can_not_change_an_input(
    server: BackendOfServer, stored: StoredFile, path: str
) -> None:
    if server.backend.name == "local" and shutil.which("bwrap") is None:
        pytest.skip("without bubblewrap, the code has all rights of the server's user")
    sandbox = await server.start_sandbox()
    await server.backend.offer_input(sandbox.id, stored)
    await sandbox.agent.link_input(stored.name, "data.bin", alias="alias")
    code = f"""
import os
path = {path!r} if os.path.exists({path!r}) else "data.bin"
try:
    open(path, "r+b").write(b"changed")
except OSError:
    print("refused")
"""
    assert await server.run(sandbox, code) == "refused\n"
    assert stored.path.read_bytes() == BYTES
