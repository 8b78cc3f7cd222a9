"""A folder is uploaded with all that can be unpacked again: files and folders, and no links."""

import os
import tarfile
from pathlib import Path

import pytest

from cellblock_client.folders import is_archive, packed


def test_what_is_packed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    folder = tmp_path / "folder"
    (folder / "sub" / "empty").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "sub" / "run.sh").write_text("b")
    (folder / "sub" / "run.sh").chmod(0o750)
    (folder / "z.txt").hardlink_to(folder / "a.txt")
    (folder / "link").symlink_to(outside / "secret")
    (folder / "linked").symlink_to(outside)
    os.mkfifo(folder / "fifo")
    with packed(folder) as file, tarfile.open(fileobj=file) as archive:
        members = archive.getmembers()
        assert {member.name: member.type for member in members} == {
            "a.txt": tarfile.REGTYPE,
            "sub": tarfile.DIRTYPE,
            "sub/empty": tarfile.DIRTYPE,
            "sub/run.sh": tarfile.REGTYPE,
            "z.txt": tarfile.REGTYPE,
        }
        content = archive.extractfile("z.txt")
        assert content is not None
        assert content.read() == b"a"
        assert archive.getmember("sub/run.sh").mode == 0o750
        assert {(member.uid, member.uname) for member in members} == {(0, "")}


def test_long_and_foreign_names_are_packed(tmp_path: Path) -> None:
    name = "é" * 100
    (tmp_path / name / name).mkdir(parents=True)
    with packed(tmp_path) as file, tarfile.open(fileobj=file) as archive:
        assert archive.getnames() == [name, f"{name}/{name}"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        packed(tmp_path / "no")


@pytest.mark.parametrize(
    ("name", "archive"),
    [("a.zip", True), ("a.TAR.GZ", True), ("a.tgz", True), ("a.gz", False), ("zip", False)],
)
def test_archives_are_known_by_their_names(name: str, archive: bool) -> None:
    assert is_archive(name) is archive
