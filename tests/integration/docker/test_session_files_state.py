"""Session files are described, renamed, and given permissions."""

import os
from datetime import UTC, datetime

import grpc
import pytest

from cellblock.v1 import file_pb2, file_pb2_grpc
from cellblock_client import Client, SessionFileType
from cellblock_client.client import Session
from cellblock_client.errors import (
    AlreadyExistsError,
    InvalidArgumentError,
    NotFoundError,
    WrongStateError,
)

MANY = 5 * 2**20
"""Size of an attachment that is linked, not copied."""


def names(session: Session, folder: str = "", depth: int = 0) -> list[str]:
    listed = session.files.list(folder, depth=depth)
    assert not listed.incomplete
    return [file.path.removeprefix("/mnt/data/") for file in listed]


def test_a_file_and_a_folder_are_described(session: Session) -> None:
    session.run("import os; open('a.csv', 'w').write('12345'); os.utime('a.csv', (1, 2))")
    session.run("os.mkdir('d', 0o750)")
    file = session.files.stat("/mnt/data/a.csv")
    assert (file.path, file.bytes, file.type) == ("/mnt/data/a.csv", 5, SessionFileType.FILE)
    assert (file.mode, file.link_target, file.is_folder) == (0o644, "", False)
    assert file.modify_time == datetime.fromtimestamp(2, UTC)
    folder = session.files.stat("d/")
    assert (folder.type, folder.mode, folder.bytes) == (SessionFileType.FOLDER, 0o750, 0)
    root = session.files.stat("")
    assert (root.path, root.type) == ("/mnt/data", SessionFileType.FOLDER)
    assert session.files.list()[0] == file


def test_links_are_named_with_their_target_and_not_followed(session: Session) -> None:
    session.run(
        "import os\nos.symlink('/etc/passwd', 'out'); os.symlink('gone', 'dangling')\n"
        "os.mkdir('d'); os.symlink('d', 'folder'); os.symlink('a\\x1b[31m', 'coloured')"
    )
    found = {file.path.removeprefix("/mnt/data/"): file for file in session.files.list()}
    assert [name for name, file in found.items() if file.type is SessionFileType.LINK] == [
        "coloured", "dangling", "folder", "out",
    ]  # fmt: skip
    assert found["out"].link_target == "/etc/passwd"
    assert found["coloured"].link_target == "a\\x1b[31m"
    assert session.files.stat("folder") == found["folder"]
    assert session.files.exists("dangling")
    with pytest.raises(WrongStateError):
        session.files.read("out")
    with pytest.raises(WrongStateError, match="is a link"):
        session.files.chmod("out", 0o600)


def test_attachments_are_files(client: Client, session: Session) -> None:
    session.attach(b"small", "small.txt")
    session.attach(os.urandom(MANY), "large.bin")
    for name, size in (("small.txt", 5), ("large.bin", MANY)):
        file = session.files.stat(name)
        assert (file.bytes, file.type, file.link_target) == (size, SessionFileType.FILE, "")


def test_existence_is_known(session: Session) -> None:
    session.files.write("d/a.txt", b"1")
    assert session.files.exists("d/a.txt")
    assert session.files.exists("d")
    assert not session.files.exists("b.txt")
    assert not session.files.exists("d/a.txt/b")
    with pytest.raises(NotFoundError, match=r"b\.txt"):
        session.files.stat("b.txt")
    with pytest.raises(InvalidArgumentError):
        session.files.exists("../x")


def test_a_list_goes_down_to_a_depth(session: Session) -> None:
    session.files.write("a/b/c/d.txt", b"1")
    session.files.write("e.txt", b"1")
    assert names(session, depth=1) == ["a", "e.txt"]
    assert names(session, depth=2) == ["a", "a/b", "e.txt"]
    assert names(session, "a", depth=1) == ["a/b"]
    assert names(session, "a", depth=2) == ["a/b", "a/b/c"]
    assert names(session) == ["a", "a/b", "a/b/c", "a/b/c/d.txt", "e.txt"]
    with pytest.raises(InvalidArgumentError, match="depth"):
        session.files.list(depth=-1)


def test_pages_of_a_depth_follow_each_other(server: str, session: Session) -> None:
    session.run("import os\nfor n in range(7): os.makedirs(f'{n}/x/y')")
    request = file_pb2.ListSessionFilesRequest(session_id=session.id, page_size=3, depth=1)
    found: list[str] = []
    with grpc.insecure_channel(server) as channel:
        stub = file_pb2_grpc.FileServiceStub(channel)
        while True:
            page = stub.ListSessionFiles(request)
            found += [file.path for file in page.files]
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
    assert found == [f"/mnt/data/{number}" for number in range(7)]


def test_files_and_folders_are_renamed(session: Session) -> None:
    session.files.write("a.txt", b"1")
    session.files.write("d/x.txt", b"2")
    moved = session.files.rename("a.txt", "new/folder/b.txt")
    assert (moved.path, moved.bytes) == ("/mnt/data/new/folder/b.txt", 1)
    assert session.files.rename("d", "/mnt/data/e").path == "/mnt/data/e"
    assert names(session) == ["e", "e/x.txt", "new", "new/folder", "new/folder/b.txt"]
    assert session.files.rename("e", "e").is_folder
    result = session.run("print(open('e/x.txt').read())")
    assert result.stdout == "2\n"
    assert not result.files
    assert not result.deleted_paths


def test_a_renamed_file_replaces_another_only_if_asked(session: Session) -> None:
    for name in ("a", "b", "full/x"):
        session.files.write(name, name.encode())
    session.files.create_folder("empty")
    with pytest.raises(AlreadyExistsError, match="'b'"):
        session.files.rename("a", "b")
    assert session.files.read("b") == b"b"
    session.files.rename("a", "b", overwrite=True)
    assert session.files.read("b") == b"a"
    assert not session.files.exists("a")
    with pytest.raises(AlreadyExistsError):
        session.files.rename("b", "empty", overwrite=True)
    with pytest.raises(WrongStateError, match="not empty"):
        session.files.rename("empty", "full", overwrite=True)
    session.files.rename("full", "empty", overwrite=True)
    assert names(session) == ["b", "empty", "empty/x"]


def test_renames_that_make_no_sense_say_why(session: Session) -> None:
    session.files.write("d/x", b"1")
    session.files.write("file", b"1")
    with pytest.raises(NotFoundError):
        session.files.rename("none", "b")
    with pytest.raises(WrongStateError, match="can't be moved into itself"):
        session.files.rename("d", "d/e/f")
    with pytest.raises(WrongStateError, match="not a folder"):
        session.files.rename("d/x", "file/x")
    for path, new_path in (("../x", "y"), ("file", "../y"), ("file", "/etc/y"), ("", "y")):
        with pytest.raises(InvalidArgumentError):
            session.files.rename(path, new_path)
    assert names(session) == ["d", "d/x", "file"]


def test_permissions_are_set(client: Client, session: Session) -> None:
    assert session.files.write("run.sh", b"#!/bin/sh\necho ran\n", mode=0o755).mode == 0o755
    assert session.files.chmod("run.sh", 0o600).mode == 0o600
    session.files.create_folder("d")
    assert session.files.chmod("d", 0o700).mode == 0o700
    result = session.run("import os; print(oct(os.stat('run.sh').st_mode & 0o7777))")
    assert result.stdout == "0o600\n"
    assert not result.files
    session.attach(os.urandom(MANY), "large.bin")
    with pytest.raises(WrongStateError, match="is a read-only attachment"):
        session.files.chmod("large.bin", 0o777)
    with pytest.raises(NotFoundError):
        session.files.chmod("none", 0o600)
    for mode in (0o1000, 0o4755):
        with pytest.raises(InvalidArgumentError, match="mode"):
            session.files.chmod("run.sh", mode)
        with pytest.raises(InvalidArgumentError, match="mode"):
            session.files.write("other", b"1", mode=mode)
