"""A description of an image is kept: no call starts a sandbox while it is fresh."""

import asyncio
from typing import Any

import pytest

from cellblock.agent.v1.agent_pb2 import DescribeImageResponse
from cellblock_server.backends.sandbox import SandboxSpec
from cellblock_server.common.errors import UnavailableError
from cellblock_server.config import Settings
from cellblock_server.sessions.images import ImageDescriptions


class Descriptions(ImageDescriptions):
    """Descriptions whose sandbox is replaced by a counter of its starts."""

    def __init__(self) -> None:
        self.time = 0.0
        self.started: list[str] = []
        self.fails = False
        settings = Settings.model_validate({"sandbox": {"image": "a", "allowed_images": ["b"]}})
        starter: Any = None
        super().__init__(settings, starter, kept_seconds=60, now=lambda: self.time)

    async def _ask(self, spec: SandboxSpec) -> DescribeImageResponse:
        self.started.append(spec.image)
        assert not spec.has_egress
        await asyncio.sleep(0)
        if self.fails:
            raise UnavailableError("ENGINE_UNAVAILABLE", "down")
        return DescribeImageResponse(python_version=str(len(self.started)))


async def test_callers_at_the_same_time_share_one_sandbox() -> None:
    images = Descriptions()
    found = await asyncio.gather(*(images.describe("", "") for _ in range(5)))
    assert {one.content.python_version for one in found} == {"1"}
    assert images.started == ["a"]


async def test_each_image_has_its_own_description() -> None:
    images = Descriptions()
    assert [(await images.describe(name, "")).image for name in ("", "b", "a")] == ["a", "b", "a"]
    assert images.started == ["a", "b"]


async def test_an_image_is_looked_at_again_after_a_while() -> None:
    images = Descriptions()
    await images.describe("", "")
    images.time = 59
    assert (await images.describe("", "")).content.python_version == "1"
    images.time = 60
    assert (await images.describe("", "")).content.python_version == "2"


async def test_a_failure_is_not_kept() -> None:
    images = Descriptions()
    images.fails = True
    with pytest.raises(UnavailableError):
        await images.describe("", "")
    images.fails = False
    assert (await images.describe("", "")).content.python_version == "2"
