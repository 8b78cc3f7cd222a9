"""Changes that code makes, within limits, whatever it leaves behind."""

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.files.changes import QUICK_SCAN_BOUNDS, ChangeBounds, ChangeTracker
from cellblock_agent.files.data_folder import DataFolder
from cellblock_agent.files.paths import MAX_DEPTH
from cellblock_agent.files.walk import ScanBounds


class Folder:
    """Data directory with its known state."""

    def __init__(self, root: Path) -> None:
        self.path = root / "data"
        self.inputs = root / "inputs"
        self.path.mkdir()
        self.inputs.mkdir()
        self.data_folder = DataFolder(self.path, self.inputs)
        self.changes = ChangeTracker(self.data_folder)

    def report_changes(self) -> pb.FileChanges:
        reported = self.changes.accept_difference(self.changes.scan())
        for change in reported.changed:
            self.read_as_server(change.file.path)
        return reported

    def read_as_server(self, path: str) -> None:
        whole = self.path / path
        if whole.is_file():
            digest = hashlib.sha256(whole.read_bytes()).digest()
            self.changes.note_content(path, whole.stat(), digest)

    def write(self, path: str, text: str = "1") -> Path:
        whole = self.path / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text(text)
        return whole

    def move(self, path: str, to: str) -> None:
        (self.path / path).rename(self.path / to)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def changed(reported: pb.FileChanges) -> list[str]:
    return [change.file.path for change in reported.changed]


def moves(reported: pb.FileChanges) -> dict[str, str]:
    return {change.renamed_from: change.file.path for change in reported.changed}


def test_a_short_look_tells_that_nothing_changed(folder: Folder) -> None:
    assert folder.changes.is_unchanged()
    path = folder.write("below/a")
    assert not folder.changes.is_unchanged()
    folder.report_changes()
    assert folder.changes.is_unchanged()
    path.write_text("22")
    assert not folder.changes.is_unchanged()
    folder.report_changes()
    path.unlink()
    assert not folder.changes.is_unchanged()
    folder.report_changes()
    (folder.path / "link").symlink_to("/")
    assert not folder.changes.is_unchanged()


def test_a_short_look_is_short(folder: Folder) -> None:
    for number in range(QUICK_SCAN_BOUNDS.max_entries + 1):
        folder.write(str(number))
    assert not folder.changes.is_unchanged()
    folder.report_changes()
    assert not folder.changes.is_unchanged()


def test_a_quick_scan_does_not_wait_for_the_lock(folder: Folder) -> None:
    with folder.changes.exclude_server_change():
        assert not folder.changes.is_unchanged()
    assert folder.changes.is_unchanged()


def test_only_what_is_new_or_changed(folder: Folder) -> None:
    folder.write("b")
    folder.write("a")
    assert changed(folder.report_changes()) == ["a", "b"]
    folder.write("a", "22")
    reported = folder.report_changes()
    assert [(change.file.path, change.file.bytes) for change in reported.changed] == [("a", 2)]
    assert folder.report_changes() == pb.FileChanges()


def test_a_file_that_is_recreated_with_equal_bytes_is_new(folder: Folder) -> None:
    folder.write("a")
    folder.report_changes()
    folder.write("a.new")
    folder.move("a.new", "a")
    assert changed(folder.report_changes()) == ["a"]


def test_a_moved_file_is_reported_with_its_previous_path(folder: Folder) -> None:
    folder.write("a")
    folder.report_changes()
    folder.move("a", "b")
    reported = folder.report_changes()
    assert moves(reported) == {"a": "b"}
    assert list(reported.deleted) == []
    assert folder.report_changes() == pb.FileChanges()


def test_a_moved_folder_moves_each_file_in_it(folder: Folder) -> None:
    for name in ("x", "y", "deep/z"):
        folder.write(f"old/{name}", name)
    folder.report_changes()
    folder.move("old", "new")
    reported = folder.report_changes()
    assert moves(reported) == {f"old/{name}": f"new/{name}" for name in ("x", "y", "deep/z")}
    assert not reported.deleted


def test_a_file_moved_and_written_to_is_moved(folder: Folder) -> None:
    folder.write("a")
    folder.report_changes()
    folder.move("a", "b")
    folder.write("b", "longer")
    assert moves(folder.report_changes()) == {"a": "b"}


def test_another_file_that_got_the_number_of_a_deleted_one_is_new(folder: Folder) -> None:
    """ext4 reuses an inode's number immediately."""
    folder.write("a")
    folder.report_changes()
    (folder.path / "a").unlink()
    folder.write("b", "longer")
    reported = folder.report_changes()
    assert moves(reported) == {"": "b"}
    assert list(reported.deleted) == ["a"]


def test_a_second_name_is_a_new_file(folder: Folder) -> None:
    folder.write("a")
    folder.report_changes()
    (folder.path / "b").hardlink_to(folder.path / "a")
    assert moves(folder.report_changes()) == {"": "b"}
    (folder.path / "a").unlink()
    reported = folder.report_changes()
    assert (changed(reported), list(reported.deleted)) == ([], ["a"])


def test_a_file_that_another_took_the_place_of_is_no_move(folder: Folder) -> None:
    """Log rotation does this: the old path still has a file."""
    folder.write("log")
    folder.report_changes()
    folder.move("log", "log.1")
    folder.write("log", "another")
    reported = folder.report_changes()
    assert [(change.file.path, change.renamed_from) for change in reported.changed] == [
        ("log", ""),
        ("log.1", ""),
    ]
    assert not reported.deleted


def test_two_files_that_change_places_have_changed(folder: Folder) -> None:
    folder.write("a", "1")
    folder.write("b", "22")
    folder.report_changes()
    folder.move("a", "c")
    folder.move("b", "a")
    folder.move("c", "b")
    reported = folder.report_changes()
    assert [(change.file.path, change.renamed_from) for change in reported.changed] == [
        ("a", ""),
        ("b", ""),
    ]


def test_a_moved_file_whose_old_name_is_a_link_now_is_moved(folder: Folder) -> None:
    folder.write("a")
    folder.report_changes()
    folder.move("a", "b")
    (folder.path / "a").symlink_to("b")
    assert moves(folder.report_changes()) == {"a": "b"}


def test_deleted_files_are_reported_once_and_only_if_they_were_known(folder: Folder) -> None:
    folder.write("kept")
    folder.write("gone")
    os.mkfifo(folder.path / "fifo")
    folder.report_changes()
    folder.write("never seen").unlink()
    (folder.path / "gone").unlink()
    (folder.path / "fifo").unlink()
    assert list(folder.report_changes().deleted) == ["gone"]
    assert folder.report_changes() == pb.FileChanges()


def test_a_file_that_is_a_folder_now_is_deleted(folder: Folder) -> None:
    folder.write("a").with_name("b").touch()
    folder.report_changes()
    (folder.path / "a").unlink()
    folder.write("a/inner")
    reported = folder.report_changes()
    assert (changed(reported), list(reported.deleted)) == (["a/inner"], ["a"])


def test_names_that_are_not_utf8(folder: Folder) -> None:
    folder.write("a")
    folder.report_changes()
    folder.move("a", "bad\udcff")
    reported = folder.report_changes()
    assert list(reported.deleted) == ["a"]
    assert [(item.path, item.reason) for item in reported.skipped] == [
        ("bad\\udcff", "has a name that is not UTF-8")
    ]
    folder.move("bad\udcff", "b")
    assert moves(folder.report_changes()) == {"": "b"}


def test_what_the_server_put_there_is_not_reported(folder: Folder) -> None:
    with folder.changes.exclude_server_change("attached", "gone already"):
        folder.write("attached")
    assert folder.report_changes() == pb.FileChanges()
    folder.write("attached", "code changed it")
    assert changed(folder.report_changes()) == ["attached"]


def test_a_folder_that_the_server_put_there_is_not_reported(folder: Folder) -> None:
    with folder.changes.exclude_server_change("unpacked"):
        folder.write("unpacked/a")
        folder.write("unpacked/deep/b")
    assert folder.report_changes() == pb.FileChanges()
    folder.move("unpacked/a", "mine")
    assert moves(folder.report_changes()) == {"unpacked/a": "mine"}


def test_what_the_server_removed_is_not_reported(folder: Folder) -> None:
    folder.write("a")
    folder.write("b/c")
    folder.report_changes()
    with folder.changes.exclude_server_change("a", "b"):
        (folder.path / "a").unlink()
        (folder.path / "b" / "c").unlink()
    assert folder.report_changes() == pb.FileChanges()


def test_what_the_server_does_during_a_look_is_not_reported(folder: Folder) -> None:
    folder.write("removed")
    folder.write("replaced")
    folder.report_changes()
    (folder.path / "removed").unlink()
    folder.write("replaced", "by code")
    folder.write("code's own")
    difference = folder.changes.scan()
    with folder.changes.exclude_server_change("removed", "replaced"):
        folder.write("replaced", "by the server")
    reported = folder.changes.accept_difference(difference)
    assert (changed(reported), list(reported.deleted)) == (["code's own"], [])
    assert folder.report_changes() == pb.FileChanges()


def test_changes_that_are_held_back_are_reported_later(folder: Folder) -> None:
    folder.write("known")
    folder.report_changes()
    folder.move("known", "moved")
    folder.write("new")
    reported = folder.changes.accept_difference(folder.changes.scan(), {"moved", "new"})
    assert reported == pb.FileChanges()
    assert moves(folder.report_changes()) == {"known": "moved", "": "new"}


def test_a_link_to_an_attachment_is_moved_and_deleted_like_a_file(folder: Folder) -> None:
    (folder.inputs / "file-1").write_text("large")
    with folder.changes.exclude_server_change("large"):
        (folder.path / "large").symlink_to(folder.inputs / "file-1")
    assert folder.report_changes() == pb.FileChanges()
    folder.move("large", "larger")
    reported = folder.report_changes()
    assert moves(reported) == {"large": "larger"}
    assert [(one.input, one.file.bytes) for one in reported.changed] == [("file-1", 5)]
    assert folder.report_changes() == pb.FileChanges()
    (folder.path / "larger").unlink()
    assert folder.report_changes() == pb.FileChanges(deleted=["larger"])


def test_a_further_link_to_an_attachment_is_a_new_file(folder: Folder) -> None:
    (folder.inputs / "file-1").write_text("large")
    (folder.path / "copy").symlink_to(folder.inputs / "file-1")
    assert [(one.file.path, one.input) for one in folder.report_changes().changed] == [
        ("copy", "file-1")
    ]


def test_a_link_to_an_attachment_that_is_gone_is_a_link(folder: Folder) -> None:
    (folder.path / "copy").symlink_to(folder.inputs / "file-1")
    assert [(one.path, one.reason) for one in folder.report_changes().skipped] == [
        ("copy", "is a link")
    ]


def test_a_moved_copy_of_an_attachment_is_a_moved_file(folder: Folder) -> None:
    with folder.changes.exclude_server_change("data.csv", "file-1"):
        folder.write("data.csv")
        (folder.path / "file-1").symlink_to("data.csv")
    folder.move("data.csv", "renamed.csv")
    assert moves(folder.report_changes()) == {"data.csv": "renamed.csv"}


def test_no_name_hides_a_file_of_code(folder: Folder) -> None:
    folder.write(".cellblock-0123456789abcdef")
    assert changed(folder.report_changes()) == [".cellblock-0123456789abcdef"]


def test_what_the_agent_is_writing_is_not_seen(folder: Folder) -> None:
    new = folder.data_folder.create("a")
    new.write(b"half")
    assert len(list(folder.path.iterdir())) == 1
    assert folder.report_changes() == pb.FileChanges()
    new.close()
    assert list(folder.path.iterdir()) == []


def test_odd_times_do_no_harm(folder: Folder) -> None:
    for name, time in (("past", -(10**9)), ("future", 2**40)):
        os.utime(folder.write(name), (time, time))
    assert len(folder.report_changes().changed) == 2


def test_odd_names_do_no_harm(folder: Folder) -> None:
    names = ["new\nline", "\u202egnp.exe", "x" * 255, "README", "readme", "tab\t", " "]
    for name in names:
        folder.write(name)
    assert changed(folder.report_changes()) == sorted(names)


def test_depth_is_bounded(folder: Folder) -> None:
    deep = "/".join(["d"] * MAX_DEPTH)
    folder.write(f"{deep}/seen")
    folder.write(f"{deep}/d/not seen")
    reported = folder.report_changes()
    assert changed(reported) == [f"{deep}/seen"]
    assert folder.data_folder.open(f"{deep}/seen").read() == b"1"
    assert [(item.path, item.reason) for item in reported.skipped] == [
        (f"{deep}/d", "is more than 16 folders deep")
    ]


def test_folders_five_hundred_deep_do_no_harm(folder: Folder) -> None:
    at = os.open(folder.path, os.O_RDONLY)
    for _level in range(500):
        os.mkdir("d", dir_fd=at)
        inner = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = inner
    os.close(at)
    assert len(folder.report_changes().skipped) == 1


def test_names_in_one_report_are_bounded(folder: Folder) -> None:
    folder.changes.bounds = ChangeBounds(max_reported=3)
    for number in range(10):
        folder.write(f"{number}")
    reported = folder.report_changes()
    assert len(reported.changed) == 3
    assert [item.reason for item in reported.skipped] == ["more than 3 files changed"] * 3
    for number in range(10):
        (folder.path / f"{number}").unlink()
    reported = folder.report_changes()
    assert len(reported.deleted) == 3
    assert [item.reason for item in reported.skipped] == ["more than 3 files were deleted"]


def test_a_look_that_was_cut_short_says_so_and_deletes_nothing(folder: Folder) -> None:
    for number in range(10):
        folder.write(f"{number}")
    folder.report_changes()
    folder.changes.bounds = ChangeBounds(scan=ScanBounds(max_entries=3, max_seconds=5))
    (folder.path / "9").unlink()
    reported = folder.report_changes()
    assert list(reported.deleted) == ["9"]
    assert [(item.path, item.reason) for item in reported.skipped] == [
        ("", "more than 3 entries or 5 s: the scan is incomplete")
    ]
    folder.changes.bounds = ChangeBounds()
    assert folder.report_changes() == pb.FileChanges()


def test_a_look_can_be_stopped(folder: Folder) -> None:
    folder.write("a")
    folder.report_changes()
    stop = threading.Event()
    stop.set()
    difference = folder.changes.scan(stop)
    assert difference.incomplete_reason
    assert not difference.deleted


@contextmanager
def without_privileges() -> Iterator[None]:
    """Drop root's access to all files."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.mark.parametrize("mode", [0o000, 0o444])
def test_what_code_closed_is_not_deleted(folder: Folder, mode: int) -> None:
    folder.path.chmod(0o755)
    folder.write("closed/a")
    folder.report_changes()
    (folder.path / "closed").chmod(mode)
    with without_privileges():
        reported = folder.report_changes()
    assert not reported.deleted
    assert [item.path for item in reported.skipped] == ["closed"]
    (folder.path / "closed").chmod(0o700)
    assert folder.report_changes() == pb.FileChanges()
