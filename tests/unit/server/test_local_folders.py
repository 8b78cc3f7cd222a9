"""The local backend ends and starts whatever code did to its folders."""

import asyncio
import tempfile
from pathlib import Path

import pytest

from cellblock_server.backends.local.backend import LocalBackend
from cellblock_server.common.errors import UnavailableError
from cellblock_server.config import Settings
from cellblock_server.ops.embedded import removed_at_end
from cellblock_server.sessions.limits import sandbox_spec
from cellblock_server.sessions.request import NewSession
from tests.support.ordinary_user import as_ordinary_user, create_folder_for_ordinary_user


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "state" / "run"
    create_folder_for_ordinary_user(folder)
    return folder


def fill(sandbox: Path) -> None:
    """Do what code does with `mkdir d; touch d/f; chmod 555 d`."""
    inner = sandbox / "data" / "d"
    inner.mkdir(parents=True)
    (inner / "f").touch()
    inner.chmod(0o555)


def test_folders_that_code_made_read_only_are_removed_with_the_sandbox(run_folder: Path) -> None:
    def work() -> None:
        fill(run_folder / "sbx_1")
        asyncio.run(LocalBackend(run_folder, []).destroy("sbx_1"))

    assert as_ordinary_user(work) == 0
    assert list(run_folder.iterdir()) == []


def test_folders_that_code_made_read_only_are_removed_at_the_start(run_folder: Path) -> None:
    def work() -> None:
        fill(run_folder / "sbx_1")
        asyncio.run(LocalBackend(run_folder, []).start())

    assert as_ordinary_user(work) == 0
    assert not run_folder.exists()


def test_folders_that_code_made_read_only_are_removed_with_an_embedded_server(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stat.S_ISFIFO", lambda _mode: True)
    monkeypatch.setattr("sys.stdin", (run_folder / "stdin").open("w"))

    def work() -> None:
        fill(run_folder / "sbx_1")
        with removed_at_end(run_folder):
            pass

    assert as_ordinary_user(work) == 0
    assert not run_folder.exists()


def test_server_starts_when_a_folder_can_not_be_removed(run_folder: Path) -> None:
    (run_folder / "sbx_1" / "root").mkdir(parents=True)
    run_folder.parent.chmod(0o555)
    run_folder.chmod(0o555)
    assert as_ordinary_user(lambda: asyncio.run(LocalBackend(run_folder, []).start())) == 0


async def test_kernel_folder_is_removed_even_if_the_other_can_not_be(tmp_path: Path) -> None:
    backend = LocalBackend(tmp_path / "run", [])
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "sbx_1").touch()
    kernel = backend._kernel_folders["sbx_1"] = tmp_path / "kernel"
    kernel.mkdir()
    with pytest.raises(UnavailableError):
        await backend.destroy("sbx_1")
    assert not kernel.exists()


async def test_sandbox_that_can_not_be_removed_does_not_keep_the_others_at_the_end(
    tmp_path: Path,
) -> None:
    backend = LocalBackend(tmp_path / "run", [])
    for number in range(4):
        (tmp_path / "run" / f"sbx_{number}").mkdir(parents=True)
        backend._kernel_folders[f"sbx_{number}"] = tmp_path / f"kernel_{number}"
    (tmp_path / "run" / "sbx_2").rmdir()
    (tmp_path / "run" / "sbx_2").touch()
    await backend.close()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["sbx_2"]


@pytest.mark.parametrize("error", [OSError, ValueError, asyncio.CancelledError])
async def test_failed_or_cancelled_start_leaves_no_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    async def fail(*_command: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(asyncio, "create_subprocess_exec", fail)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    backend = LocalBackend(tmp_path / "run", [])
    backend._bubblewrap = None
    spec = sandbox_spec(NewSession(), Settings(), sandbox_id="sbx_1")
    with pytest.raises(UnavailableError if error is OSError else error):
        await backend.create(spec, "token")
    assert [*(tmp_path / "run").iterdir(), *(tmp_path / "tmp").iterdir()] == []
