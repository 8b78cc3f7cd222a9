"""Folders that code has filled can be removed, whatever it did to them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cellblock_server.common.removal import remove_tree
from tests.support.ordinary_user import as_ordinary_user, create_folder_for_ordinary_user

DEPTH = 2000
"""More folders in one another than Python's recursion limit."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "home" / "sandbox"
    create_folder_for_ordinary_user(made)
    return made


@pytest.mark.parametrize("mode", [0o555, 0o444, 0o333, 0o000])
def test_folders_without_rights_are_removed(folder: Path, mode: int) -> None:
    def work() -> None:
        inner = folder / "d" / "e"
        inner.mkdir(parents=True)
        for path in (inner, inner.parent):
            (path / "f").touch()
            (path / "link").symlink_to("/etc")
            path.chmod(mode)
        folder.chmod(mode)
        remove_tree(folder)

    assert as_ordinary_user(work) == 0
    assert not folder.exists()


def test_links_are_not_followed(folder: Path) -> None:
    other = folder.parent / "other"

    def work() -> None:
        other.mkdir()
        (other / "kept").touch()
        other.chmod(0o555)
        inner = folder / "d"
        inner.mkdir()
        (inner / "link").symlink_to(other)
        inner.chmod(0o555)
        remove_tree(folder)

    assert as_ordinary_user(work) == 0
    assert (not folder.exists(), (other / "kept").exists()) == (True, True)
    assert other.stat().st_mode & 0o777 == 0o555


def test_link_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(OSError, match="Not a directory"):
        remove_tree(tmp_path / "link")


def test_deep_folders_are_removed(folder: Path) -> None:
    def work() -> None:
        os.chdir(folder)
        for _ in range(DEPTH):
            Path("d").mkdir()
            os.chdir("d")
        os.chdir("/")
        remove_tree(folder)

    assert as_ordinary_user(work) == 0
    assert not folder.exists()


def test_missing_folder_is_no_error(tmp_path: Path) -> None:
    remove_tree(tmp_path / "missing")


def test_removal_is_a_program(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    command = [sys.executable, "-m", "cellblock_server.common.removal", str(tmp_path / "d")]
    subprocess.run(command, check=True)
    assert not (tmp_path / "d").exists()
