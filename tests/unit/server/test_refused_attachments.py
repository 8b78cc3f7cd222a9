"""A file that could not be attached is not readable in the sandbox."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from cellblock_server.backends.sandbox import SandboxInput
from cellblock_server.common.errors import AlreadyExistsError, CellblockError, UnavailableError
from cellblock_server.files.attachments import (
    AttachmentBounds,
    AttachmentService,
    Place,
    WantedAttachment,
)
from cellblock_server.store.records import AttachmentRecord, FilePurpose, FileRecord
from tests.support.records import START

SMALL = 10
TAKEN = AlreadyExistsError("file", "big.bin", "exists")
AWAY = UnavailableError("SANDBOX_DISK", "the inputs of a sandbox can't be changed")
FILE = FileRecord("file-1", "t", "big.bin", SMALL + 1, "", "", FilePurpose.ASSISTANTS, START)


@dataclass
class Session:
    """A backend, a store and an agent in one: what each of them has."""

    link_fails: CellblockError | None = None
    withdraw_fails: CellblockError | None = None
    inputs: set[str] = field(default_factory=set)
    attached: dict[str, AttachmentRecord] = field(default_factory=dict)
    capabilities: Any = None
    id: str = "sbx_1"

    async def offer_input(self, sandbox_id: str, offered: SandboxInput) -> bool:
        self.inputs.add(offered.name)
        return False

    async def withdraw_input(self, sandbox_id: str, name: str) -> None:
        if self.withdraw_fails is not None:
            raise self.withdraw_fails
        self.inputs.discard(name)

    async def link_input(self, name: str, path: str, alias: str) -> None:
        if self.link_fails is not None:
            raise self.link_fails

    async def find_attachment(
        self, tenant: str, session_id: str, file_id: str
    ) -> AttachmentRecord | None:
        return self.attached.get(file_id)

    async def attach(self, record: AttachmentRecord) -> None:
        self.attached[record.file_id] = record

    async def detach(self, tenant: str, session_id: str, file_id: str) -> None:
        del self.attached[file_id]

    async def attach_file(self) -> None:
        it = cast(Any, self)
        service = AttachmentService(it, it, it, AttachmentBounds(SMALL, 1, 1, 1))
        await service.attach(Place("t", "s", it, it), WantedAttachment(FILE, "", unpack=False))


async def test_file_whose_name_is_taken_is_withdrawn() -> None:
    session = Session(link_fails=TAKEN)
    with pytest.raises(AlreadyExistsError):
        await session.attach_file()
    assert session.inputs == session.attached.keys() == set()


async def test_refusal_is_reported_when_the_input_can_not_be_withdrawn() -> None:
    session = Session(link_fails=TAKEN, withdraw_fails=AWAY)
    with pytest.raises(AlreadyExistsError):
        await session.attach_file()
    assert session.attached == {}


async def test_attached_file_stays_readable_when_it_is_attached_again() -> None:
    session = Session()
    await session.attach_file()
    session.link_fails = TAKEN
    await session.attach_file()
    assert session.inputs == session.attached.keys() == {FILE.id}
