"""What code changed, within bounds, whatever it left there."""

import os
from pathlib import Path

import pytest

from cellblock_agent import changes
from cellblock_agent.changes import Changes
from cellblock_agent.data_folder import MAX_DEPTH, DataFolder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "inputs").mkdir()
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def looked(data: Path) -> Changes:
    return Changes(DataFolder(data, data.parent / "inputs"))


def test_only_what_is_new_or_changed(data: Path, looked: Changes) -> None:
    (data / "b").write_text("1")
    (data / "a").write_text("1")
    assert [entry.path for entry in looked.scan().changed] == ["a", "b"]
    (data / "a").write_text("22")
    assert [(entry.path, entry.bytes) for entry in looked.scan().changed] == [("a", 2)]
    assert looked.scan() == changes.Scan()


def test_a_file_made_anew_with_equal_bytes_is_new(data: Path, looked: Changes) -> None:
    (data / "a").write_text("1")
    looked.scan()
    (data / "a.new").write_text("1")
    (data / "a.new").rename(data / "a")
    assert [entry.path for entry in looked.scan().changed] == ["a"]


def test_what_the_server_put_there_is_not_reported(data: Path, looked: Changes) -> None:
    (data / "attached").write_text("1")
    looked.expect("attached")
    looked.expect("gone already")
    assert looked.scan().changed == []
    (data / "attached").write_text("code changed it")
    assert len(looked.scan().changed) == 1


def test_attachments_links_and_temporary_files_are_not_reported(
    data: Path, looked: Changes
) -> None:
    (data.parent / "inputs" / "file-1").write_text("x")
    (data / "large").symlink_to(data.parent / "inputs" / "file-1")
    (data / ".cellblock-123").write_text("being written")
    assert looked.scan() == changes.Scan()


def test_odd_times_do_no_harm(data: Path, looked: Changes) -> None:
    for name, time in (("past", -(10**9)), ("future", 2**40)):
        (data / name).touch()
        os.utime(data / name, (time, time))
    assert len(looked.scan().changed) == 2


def test_depth_is_bounded(data: Path, looked: Changes) -> None:
    deep = data / "/".join(["d"] * (MAX_DEPTH + 5))
    deep.mkdir(parents=True)
    (deep / "file").touch()
    scan = looked.scan()
    assert scan.changed == []
    assert scan.skipped[0].reason == "is a folder that is too deep or can't be read"


def test_numbers_are_bounded(data: Path, looked: Changes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MAX_REPORTED", 3)
    for number in range(10):
        (data / f"{number}").touch()
    scan = looked.scan()
    assert len(scan.changed) == 3
    assert {item.reason for item in scan.skipped} == {"more than 3 files changed"}
    assert len(scan.skipped) == 3
