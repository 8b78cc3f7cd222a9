"""Descriptions of images: from one sandbox of their own, for both clients and the CLI."""

import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from cellblock_client import AsyncClient, Client
from cellblock_client.embedded import embedded_server
from cellblock_client.errors import InvalidArgumentError
from tests.integration.cli.command import cellblock


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with embedded_server("local") as address:
        yield address


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    with Client(address) as client:
        yield client


def test_an_image_is_described_with_its_packages_and_limits(client: Client) -> None:
    found = client.sessions.describe_image()
    packages = {package.name.lower(): package.version for package in found.python_packages}
    assert packages["ipykernel"] == version("ipykernel")
    with client.sessions.create() as session:
        assert found.limits == session.info.limits
        assert found.idle_timeout == session.info.idle_timeout
        assert session.run("1").execution.time_limit == found.time_limit
    assert (found.network, found.data_directory) == ("none", "/mnt/data")
    assert len(found.short_text) <= 1_200
    assert f"ipykernel {packages['ipykernel']}" in found.long_text


def test_no_session_is_left_or_listed(client: Client) -> None:
    before = [info.id for info in client.sessions.list()]
    client.sessions.describe_image()
    assert [info.id for info in client.sessions.list()] == before


async def test_the_async_client_returns_the_same(address: str, client: Client) -> None:
    async with AsyncClient(address) as async_client:
        assert await async_client.sessions.describe_image() == client.sessions.describe_image()


def test_an_image_that_sessions_may_not_have_is_refused(client: Client) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        client.sessions.describe_image("other")
    assert caught.value.field == "image"
    with pytest.raises(InvalidArgumentError) as caught:
        client.sessions.describe_image(network="proxy")
    assert caught.value.field == "network"


def test_the_command_prints_either_form_or_json(
    address: str, client: Client, tmp_path: Path
) -> None:
    found = client.sessions.describe_image()
    for options, text in (((), found.short_text), (("--form", "long"), found.long_text)):
        done = cellblock("image", "describe", *options, cwd=tmp_path, address=address)
        assert (done.returncode, done.stdout, done.stderr) == (0, text + "\n", "")
    done = cellblock("image", "describe", "--json", cwd=tmp_path, address=address)
    assert json.loads(done.stdout)["short_text"] == found.short_text
    done = cellblock("image", "describe", "other", cwd=tmp_path, address=address)
    assert (done.returncode, done.stdout) == (2, "")
    assert "image: must be" in done.stderr
