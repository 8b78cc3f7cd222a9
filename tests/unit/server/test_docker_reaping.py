"""One thing that can't be removed keeps no other from it, nor a server from starting."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cellblock_server.backends.docker.backend import DockerBackend
from cellblock_server.common.errors import UnavailableError

FOREIGN = ("lost+found", "notes.txt")


class Engine:
    """Has containers that have ended and can't be removed."""

    def __init__(self, *sandbox_ids: str) -> None:
        self.containers = [SimpleNamespace(name=f"c-{one}", sandbox_id=one) for one in sandbox_ids]
        self.running = {"sbx_running"}

    async def labelled(self) -> Any:
        return [SimpleNamespace(**vars(one), user=None) for one in self.containers]

    async def find_container(self, sandbox_id: str) -> Any:
        return SimpleNamespace(is_running=sandbox_id in self.running, has_egress=False)

    async def remove(self, _name: str) -> None:
        raise UnavailableError("ENGINE_FAILED", "removal failed")


def backend_of(tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> DockerBackend:
    backend = DockerBackend(tmp_path, "instance", [], seccomp=None)
    monkeypatch.setattr(backend, "_containers", engine)
    return backend


async def test_folder_that_can_not_be_removed_does_not_stop_the_reaper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        (tmp_path / f"sbx_{number}").mkdir()
    (tmp_path / "sbx_file").touch()
    (tmp_path / "sbx_link").symlink_to(tmp_path)
    await backend_of(tmp_path, Engine(), monkeypatch).reap()
    assert {path.name for path in tmp_path.iterdir()} == {"sbx_file", "sbx_link"}


async def test_reaper_leaves_what_is_no_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "notes.txt").touch()
    await backend_of(tmp_path, Engine(), monkeypatch).reap()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FOREIGN)


async def test_ended_container_that_can_not_be_removed_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = backend_of(tmp_path, Engine("sbx_ended", "sbx_running"), monkeypatch)
    assert [sandbox.id for sandbox in await backend.list()] == ["sbx_running"]
