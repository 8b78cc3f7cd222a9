"""A file whose attachment failed is not readable in the sandbox."""

from types import SimpleNamespace
from typing import Any

import pytest

from cellblock_server.common.errors import AlreadyExistsError, UnavailableError
from cellblock_server.files.attachments import AttachmentService

FILE = SimpleNamespace(id="file_1", bytes=100, filename="big.csv")
WANTED: Any = SimpleNamespace(file=FILE, unpack=False, name=lambda: "big.csv")


class World:
    """A sandbox in which the wanted name is taken; store and backend."""

    capabilities = SimpleNamespace(links_inputs=True)

    def __init__(self) -> None:
        self.inputs: set[str] = set()
        self.record: Any = None
        self.is_name_taken = True
        self.is_withdrawal_failing = False
        sandbox = SimpleNamespace(id="sbx_1")
        self.place: Any = SimpleNamespace(tenant="t", session_id="s", agent=self, sandbox=sandbox)
        bounds = SimpleNamespace(small_file_bytes=10)
        either: Any = self
        self.service = AttachmentService(either, either, either, bounds)  # type: ignore[arg-type]

    async def find_attachment(self, *_key: str) -> Any:
        return self.record

    async def attach(self, record: Any) -> None:
        self.record = record

    async def detach(self, *_key: str) -> None:
        self.record = None

    async def offer_input(self, _sandbox_id: str, offered: Any) -> bool:
        self.inputs.add(offered.name)
        return False

    async def withdraw_input(self, _sandbox_id: str, name: str) -> None:
        if self.is_withdrawal_failing:
            raise UnavailableError("STORE_FAILED", "read-only")
        self.inputs.discard(name)

    async def link_input(
        self, _file_id: str, name: str, *, alias: str, max_copy_bytes: int
    ) -> bool:
        if self.is_name_taken:
            raise AlreadyExistsError("file", name, f"is taken; not {alias}, {max_copy_bytes}")
        return False


async def test_refused_attachment_is_withdrawn_from_the_inputs() -> None:
    world = World()
    with pytest.raises(AlreadyExistsError):
        await world.service.attach(world.place, WANTED)
    assert (world.inputs, world.record) == (set(), None)


async def test_refusal_is_reported_even_if_the_input_can_not_be_withdrawn() -> None:
    world = World()
    world.is_withdrawal_failing = True
    with pytest.raises(AlreadyExistsError):
        await world.service.attach(world.place, WANTED)
    assert world.record is None


async def test_attachment_that_is_repeated_stays_readable() -> None:
    """Attach it twice: the name is taken by the first attachment."""
    world = World()
    world.is_name_taken = False
    await world.service.attach(world.place, WANTED)
    world.is_name_taken = True
    await world.service.attach(world.place, WANTED)
    assert world.inputs == {"file_1"}
