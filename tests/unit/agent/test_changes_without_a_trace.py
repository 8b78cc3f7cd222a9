"""Changes are found that leave size and times as they were, and nothing else is reported."""

import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.files.open_watch import OpenWatch
from tests.unit.agent.test_changes import Folder, changed

NOTHING = pb.FileChanges()


@pytest.fixture
def folder() -> Iterator[Folder]:
    # A tmpfs, like a sandbox's data directory: a mapping changes no time of a file.
    with TemporaryDirectory(dir="/dev/shm") as root:
        yield Folder(Path(root))


def map_and_write(path: Path, data: bytes) -> None:
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[: len(data)] = data


def test_a_restored_time_hides_no_change(folder: Folder) -> None:
    path = folder.write("a", "before")
    before = path.stat()
    folder.report_changes()
    path.write_text("after!")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not folder.changes.is_unchanged()
    assert changed(folder.report_changes()) == ["a"]
    assert folder.report_changes() == NOTHING


def test_a_new_mode_is_no_change_of_a_file_that_the_server_has(folder: Folder) -> None:
    path = folder.write("a")
    folder.report_changes()
    path.chmod(0o755)
    assert folder.report_changes() == NOTHING
    assert folder.changes.is_unchanged()


def test_a_file_that_the_server_could_not_read_is_reported_with_its_new_mode(
    folder: Folder,
) -> None:
    path = folder.write("a")
    folder.changes.accept_difference(folder.changes.scan())
    path.chmod(0o755)
    assert changed(folder.report_changes()) == ["a"]


@pytest.mark.parametrize("name", ["a", "below/a"])
def test_a_mapping_that_is_closed_again_hides_no_change(folder: Folder, name: str) -> None:
    path = folder.write(name, "-----")
    folder.report_changes()
    map_and_write(path, b"after")
    assert not folder.changes.is_unchanged()
    assert changed(folder.report_changes()) == [name]
    assert folder.report_changes() == NOTHING


def test_a_file_that_is_opened_and_not_changed_is_not_reported(folder: Folder) -> None:
    path = folder.write("a")
    folder.report_changes()
    path.open("r+b").close()
    assert folder.report_changes() == NOTHING
    assert folder.changes.is_unchanged()


def test_a_change_of_a_file_that_the_server_wrote_is_found(folder: Folder) -> None:
    new = folder.data_folder.create("a")
    new.write(b"before")
    with folder.changes.exclude_server_change("a"):
        info = new.publish(exclusive=True)
    folder.changes.note_content("a", info, new.digest)
    new.close()
    assert folder.report_changes() == NOTHING
    map_and_write(folder.path / "a", b"after!")
    assert changed(folder.report_changes()) == ["a"]


def test_a_change_is_reported_if_it_was_found_in_a_scan_that_was_dropped(folder: Folder) -> None:
    path = folder.write("a", "-----")
    folder.report_changes()
    map_and_write(path, b"after")
    folder.changes.scan()
    assert changed(folder.report_changes()) == ["a"]


def test_a_change_is_found_if_events_are_lost(folder: Folder) -> None:
    path = folder.write("a", "-----")
    folder.report_changes()
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[:5] = b"after"
        taken = folder.data_folder.open_watch.take_opened()
        taken.opened.clear()
        taken.written.clear()
        taken.is_incomplete = True
        folder.data_folder.open_watch.put_back(taken)
        assert changed(folder.report_changes()) == ["a"]


def test_what_the_agent_opens_is_not_seen(folder: Folder) -> None:
    folder.write("a")
    folder.report_changes()
    folder.data_folder.open_watch.take_opened()
    folder.data_folder.open("a").close()
    taken = folder.data_folder.open_watch.take_opened()
    assert (taken.opened, taken.written, taken.is_incomplete) == (set(), set(), False)


def test_the_number_of_watched_folders_is_bounded(tmp_path: Path) -> None:
    watch = OpenWatch(max_folders=1)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        opened = os.open(tmp_path / name, os.O_RDONLY)
        watch.watch_folder(name, opened, os.fstat(opened))
        os.close(opened)
        (tmp_path / name / "file").touch()
    assert watch.take_opened().written == {"a/file"}


def test_a_renamed_folder_has_its_new_path(folder: Folder) -> None:
    path = folder.write("d/a", "-----")
    folder.report_changes()
    folder.move("d", "e")
    folder.report_changes()
    map_and_write(folder.path / "e/a", b"after")
    assert changed(folder.report_changes()) == ["e/a"]
    assert not path.exists()


def test_caches_are_neither_captured_nor_missed(folder: Folder) -> None:
    folder.write("__pycache__/a.pyc")
    folder.write("d/.ipynb_checkpoints/a.ipynb")
    assert folder.report_changes() == NOTHING
    assert folder.changes.is_unchanged()
    folder.move("__pycache__/a.pyc", "a.pyc")
    assert changed(folder.report_changes()) == ["a.pyc"]
