"""Files that the CLI saves keep their folders, stay inside the target, and overwrite nothing."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cellblock_client.cli.folder import Folder
from cellblock_client.types import File, FilePurpose


class Files:
    """Client that downloads an id as its content."""

    def download(self, file_id: str, target: Path) -> None:
        with target.open("x") as file:
            file.write(file_id)


def file_at(path: str, filename: str = "") -> File:
    return File(
        id=path or filename,
        filename=filename or path.rpartition("/")[2],
        bytes=1,
        mime_type="text/plain",
        sha256="",
        purpose=FilePurpose.ASSISTANTS_OUTPUT,
        session_id="sess_1",
        execution_id="call_1",
        path=path,
        create_time=datetime.now(UTC),
        expire_time=None,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    client: Any = SimpleNamespace(files=Files())
    return Folder(client, tmp_path / "o")


def saved(tmp_path: Path) -> dict[str, str]:
    found = (path for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(tmp_path)): path.read_text() for path in found}


def test_the_tree_below_the_data_folder_is_kept(folder: Folder, tmp_path: Path) -> None:
    for path in ("/mnt/data/site/index.html", "/mnt/data/site/css/index.html", "/mnt/data/a"):
        folder.save(file_at(path))
    folder.save(file_at("", "image-1.png"))
    assert saved(tmp_path) == {
        "o/site/index.html": "/mnt/data/site/index.html",
        "o/site/css/index.html": "/mnt/data/site/css/index.html",
        "o/a": "/mnt/data/a",
        "o/image-1.png": "image-1.png",
    }


def test_a_taken_name_gets_a_number(folder: Folder, tmp_path: Path) -> None:
    for _time in range(3):
        folder.save(file_at("/mnt/data/d/a.txt"))
    folder.save(file_at("/mnt/data/d"))
    folder.save(file_at("/mnt/data/d-2/b"))
    assert sorted(saved(tmp_path)) == [
        "o/d-2",
        "o/d-2-2/b",
        "o/d/a-2.txt",
        "o/d/a-3.txt",
        "o/d/a.txt",
    ]


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/mnt/data/../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("/mnt/data/..", "file"),
        ("", "file"),
        ("/mnt/data/a//./b", "a/b"),
        ("/mnt/data/\x1b[31m\n", "\ufffd[31m\ufffd"),
        ("/mnt/data/-rf/~", "-rf/~"),
    ],
)
def test_a_hostile_name_stays_inside(folder: Folder, tmp_path: Path, path: str, where: str) -> None:
    assert folder.save(file_at(path, "..")) == tmp_path / "o" / where


def test_a_name_may_be_as_long_as_in_the_sandbox(folder: Folder, tmp_path: Path) -> None:
    for _time in range(2):
        folder.save(file_at(f"/mnt/data/{'d' * 255}/{'ä' * 125}.html"))
    assert [Path(name).suffix for name in saved(tmp_path)] == [".html", ".html"]


def test_no_link_in_the_target_is_followed(folder: Folder, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / "site").symlink_to(outside)
    (tmp_path / "o" / "a").symlink_to(outside / "new")
    folder.save(file_at("/mnt/data/site/index.html"))
    folder.save(file_at("/mnt/data/a"))
    assert sorted(saved(tmp_path)) == ["o/a-2", "o/site-2/index.html"]
