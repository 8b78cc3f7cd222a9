"""A folder is attached where code's relative paths expect it, and nothing is left out silently."""

from pathlib import Path

import pytest

from cellblock_client import Client
from cellblock_client.client import Session
from cellblock_client.errors import WrongStateError

READ = "print(open('data/x.csv').read(), end='')"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data" / "in").mkdir(parents=True)
    (tmp_path / "data" / "x.csv").write_text("a,b\n")
    (tmp_path / ".settings").write_text("hidden\n")
    (tmp_path / "main.py").write_text(READ)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", ["data", "data/", "./data", "data/.", "."])
def test_relative_paths_are_the_same_as_here(session: Session, path: str) -> None:
    session.attach(path)
    assert session.run(READ).stdout == "a,b\n"


def test_the_current_folder_becomes_the_folder_of_files(session: Session) -> None:
    session.files.write("mine.txt", b"1")
    attached = session.attach(Path())
    assert attached.path == "/mnt/data"
    assert attached.unpacked is not None
    assert (attached.unpacked.files, attached.unpacked.bytes) == (3, 11 + len(READ))
    names = {file.path.removeprefix("/mnt/data/") for file in session.files.list()}
    assert {".settings", "data/in", "data/x.csv", "main.py", "mine.txt"} <= names
    result = session.run("open('data/new.csv', 'w').write('1')")
    assert [file.path for file in result.files] == ["/mnt/data/data/new.csv"]
    session.detach(attached.file_id)
    assert session.files.exists("data/x.csv")


def test_a_new_session_has_the_current_folder(client: Client) -> None:
    with client.sessions.create(files=[Path()]) as session:
        assert session.run(READ).stdout == "a,b\n"


def test_nothing_is_replaced_by_the_current_folder(session: Session) -> None:
    session.files.write("main.py", b"mine")
    with pytest.raises(WrongStateError, match=r"/mnt/data has 'main\.py' already"):
        session.attach(Path())
    assert session.files.read("main.py") == b"mine"
    assert not session.files.exists("data")


def test_links_are_named_as_left_out(client: Client, session: Session, project: Path) -> None:
    (project / "data" / "link").symlink_to("x.csv")
    attached = session.attach("data")
    assert attached.unpacked is not None
    assert [(entry.path, entry.reason) for entry in attached.unpacked.skipped] == [
        ("link", "is a link")
    ]
    with (
        pytest.warns(UserWarning, match="link was not attached: it is a link"),
        client.sessions.create(files=["data"]) as other,
    ):
        assert other.run(READ).stdout == "a,b\n"
