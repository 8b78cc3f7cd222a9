"""Containers with Cellblock's labels that no server owns are removed; owned ones stay."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cellblock_server.backends.docker.backend import DockerBackend
from cellblock_server.backends.sandbox import SandboxSpec
from cellblock_server.backends.shared_folder.folder import SandboxFolder
from cellblock_server.common.ids import new_id
from tests.integration.docker.test_backend import LIMITS, OVERHEAD, SECCOMP
from tests.support.engine import containers, docker
from tests.support.images import CORE, runtime


class Marked:
    """Containers started outside the server, with a server's labels."""

    def __init__(self, instance: str, stack: ExitStack) -> None:
        self._instance = instance
        self._stack = stack

    def run(self, sandbox_id: str, name: str = "", instance: str = "") -> str:
        name = name or f"cellblock-{sandbox_id}"
        labels = [
            f"--label=dev.cellblock.sandbox={sandbox_id}",
            f"--label=dev.cellblock.instance={instance or self._instance}",
        ]
        self._stack.callback(docker, "rm", "--force", name)
        docker(
            "run", "--detach", "--network=none", *labels, f"--name={name}", "--entrypoint=sleep",
            CORE, "1000",
        )  # fmt: skip
        return name


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[DockerBackend]:
    backend = DockerBackend(tmp_path / "run", new_id(""), ["--orphan-timeout=60"], seccomp=SECCOMP)
    yield backend
    await backend.close()


@pytest.fixture
def marked(backend: DockerBackend) -> Iterator[Marked]:
    with ExitStack() as stack:
        yield Marked(backend._instance, stack)


async def made(backend: DockerBackend) -> str:
    spec = SandboxSpec(new_id("sbx_"), CORE, runtime(), LIMITS, OVERHEAD)
    return (await backend.create(spec, secrets.token_urlsafe(32))).id


async def test_only_containers_without_an_owner_are_removed(
    backend: DockerBackend, marked: Marked, tmp_path: Path
) -> None:
    ours = await made(backend)
    strange = [
        marked.run(new_id("sbx_")),
        marked.run(new_id("sbx_"), name=f"test-{secrets.token_hex(6)}"),
        # One that says to be ours.
        marked.run(ours, name=f"test-{secrets.token_hex(6)}"),
    ]
    others = new_id("")
    spared = marked.run(new_id("sbx_"), instance=others)
    (tmp_path / "run" / "sbx_half" / "agent").mkdir(parents=True)
    assert set(strange) < set(containers(backend._instance))
    await backend.reap()
    assert containers(backend._instance) == [f"cellblock-{ours}"]
    assert containers(others) == [spared]
    assert [path.name for path in (tmp_path / "run").iterdir()] == [ours]
    await backend.destroy(ours)
    assert list((tmp_path / "run").iterdir()) == []


async def test_containers_of_an_earlier_server_are_removed_unless_adopted(
    backend: DockerBackend, tmp_path: Path
) -> None:
    kept, lost = await made(backend), await made(backend)
    later = DockerBackend(tmp_path / "run", backend._instance, [], seccomp=SECCOMP)
    assert {sandbox.id for sandbox in await later.list()} == {kept, lost}
    later.adopt(kept)
    await later.reap()
    assert containers(backend._instance) == [f"cellblock-{kept}"]
    assert await later.list() == []
    await later.destroy(kept)
    await later.close()


async def test_a_failed_removal_is_retried_later(
    backend: DockerBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = await made(backend)
    with monkeypatch.context() as patch:
        patch.setattr(SandboxFolder, "remove", fails)
        await backend.destroy_quietly(left)
    assert [path.name for path in backend._folders.iterdir()] == [left]
    await backend.reap()
    assert list(backend._folders.iterdir()) == []


def fails(_folder: SandboxFolder) -> None:
    raise OSError("busy")
