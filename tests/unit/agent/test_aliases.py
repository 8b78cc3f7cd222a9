"""An attachment has its id as a second name once code names it."""

from pathlib import Path

import pytest

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.files.aliases import Aliases
from tests.unit.agent.test_changes import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def aliases(folder: Folder) -> Aliases:
    with folder.changes.exclude_server_change("data.csv"):
        folder.write("data.csv", "1")
    aliases = Aliases(folder.data_folder, folder.changes)
    aliases.add_alias("file-aB1", "data.csv")
    return aliases


def names(folder: Folder) -> list[str]:
    return sorted(path.name for path in folder.path.iterdir())


@pytest.mark.parametrize(
    "text",
    ["open('/mnt/data/file-aB1')", "file-aB1", "x='file-aB1.csv'", "# see file-aB1, please"],
)
def test_a_name_in_the_text_is_created(folder: Folder, aliases: Aliases, text: str) -> None:
    aliases.create_named(["1 + 1", text])
    assert names(folder) == ["data.csv", "file-aB1"]
    assert (folder.path / "file-aB1").read_text() == "1"
    assert folder.report_changes() == pb.FileChanges()


@pytest.mark.parametrize("text", ["", "data.csv", "file-aB", "file-aB12", "file_aB1"])
def test_other_text_creates_nothing(folder: Folder, aliases: Aliases, text: str) -> None:
    aliases.create_named([text])
    assert names(folder) == ["data.csv"]


def test_a_name_that_code_has_taken_stays_the_codes(folder: Folder, aliases: Aliases) -> None:
    folder.write("file-aB1", "own")
    aliases.create_named(["file-aB1"])
    assert (folder.path / "file-aB1").read_text() == "own"


def test_a_removed_name_is_not_created(folder: Folder, aliases: Aliases) -> None:
    assert aliases.remove_alias("file-aB1")
    aliases.create_named(["file-aB1"])
    assert (names(folder), aliases.remove_alias("file-aB1")) == (["data.csv"], False)
