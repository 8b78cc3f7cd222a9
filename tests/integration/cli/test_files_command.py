"""`cellblock files`: each command, as a user types it."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cellblock_client import Client, FilePurpose
from cellblock_client.client import Session
from tests.integration.cli.command import cellblock, in_a_terminal

Command = Callable[..., str]


@pytest.fixture
def files(server: str, tmp_path: Path) -> Command:
    """Run `cellblock files …`, which must succeed; return its output."""

    def run(*arguments: str, stdin: str = "") -> str:
        done = cellblock("files", *arguments, cwd=tmp_path, address=server, stdin=stdin)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return run


@pytest.fixture
def refused(server: str, tmp_path: Path) -> Command:
    """Run `cellblock files …`, which must fail; return its error output."""

    def run(*arguments: str) -> str:
        done = cellblock("files", *arguments, cwd=tmp_path, address=server)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False)
        # Out of the frame that is around mistakes in arguments.
        return " ".join(re.sub("[│╭╮╰╯─]", " ", done.stderr).split())

    return run


def ids(listing: str) -> list[str]:
    return re.findall(r"file-\w+", listing)


def test_upload_and_list(files: Command, client: Client, tmp_path: Path) -> None:
    names = [f"{tmp_path.name}-{number}" for number in range(2)]
    for name in names:
        (tmp_path / name).write_text(name)
    options = ("--purpose", "user_data", "--expires-after", "7d")
    uploaded = files("upload", *options, *names).split()
    stored = [client.files.get(file) for file in uploaded]
    assert [file.filename for file in stored] == names
    assert {file.purpose for file in stored} == {FilePurpose.USER_DATA}
    for file in stored:
        assert file.expire_time is not None
        assert (file.expire_time - file.create_time).days == 7
    assert set(uploaded) <= set(ids(files()))
    assert ids(files("--name", names[0])) == uploaded[:1]
    oldest_first = ids(files("--order", "asc", "--purpose", "user_data"))
    assert [file for file in oldest_first if file in uploaded] == uploaded
    newest_first = ids(files("--order", "desc", "--purpose", "user_data"))
    assert [file for file in newest_first if file in uploaded] == uploaded[::-1]
    assert ids(files("--name", names[0], "--purpose", "vision")) == []


def test_files_of_a_session_and_of_an_execution(files: Command, session: Session) -> None:
    first = session.run("open('a', 'w').write('1')")
    session.run("open('b', 'w').write('2')")
    assert len(ids(files("--session", session.id))) == 2
    assert ids(files("--execution", first.execution.id)) == [first.files[0].id]


def test_upload_from_standard_input(files: Command, refused: Command, client: Client) -> None:
    file = files("upload", "--name", "typed.txt", "-", stdin="hello").strip()
    assert client.files.read(file) == b"hello"
    assert "filename: is needed" in refused("upload", "-")


def test_upload_refuses_what_it_cannot_read(refused: Command, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    assert "'no' does not exist" in refused("upload", "no")
    assert "'.' is a folder" in refused("upload", ".")
    assert "is for one file" in refused("upload", "--name", "x", "a", "a")
    assert "'soon' is not a number with s, m, h, d or w" in refused(
        "upload", "--expires-after", "soon", "a"
    )
    assert "purpose: must be one of" in refused("upload", "--purpose", "assistants_output", "a")


def test_download(files: Command, refused: Command, client: Client, tmp_path: Path) -> None:
    file = client.files.upload(b"hello", "down.txt").id
    assert files("download", file) == "down.txt\n"
    assert (tmp_path / "down.txt").read_text() == "hello"
    (tmp_path / "down.txt").write_text("mine")
    assert "down.txt exists: --force overwrites it" in refused("download", file)
    assert (tmp_path / "down.txt").read_text() == "mine"
    files("download", "--force", file)
    assert (tmp_path / "down.txt").read_text() == "hello"
    (tmp_path / "folder").mkdir()
    assert files("download", file, "folder") == "folder/down.txt\n"
    assert files("download", file, "-") == "hello"
    assert "No such file or directory" in refused("download", file, "no/x")


def test_show_and_delete(files: Command, refused: Command, client: Client) -> None:
    kept, gone = (client.files.upload(b"hello", "a.txt") for _ in range(2))
    shown = files("show", kept.id)
    assert f"sha256: {kept.sha256}\n" in shown
    assert "purpose: ASSISTANTS\n" in shown
    # All are tried.
    assert "no file 'file-no'" in refused("delete", "file-no", gone.id)
    assert "no file" in refused("show", gone.id)
    files("delete", kept.id)
    assert "no file" in refused("show", kept.id)


def test_attach_and_detach(
    files: Command, refused: Command, client: Client, session: Session, tmp_path: Path
) -> None:
    (tmp_path / "local.txt").write_text("local")
    assert files("attach", session.id, "local.txt") == "/mnt/data/local.txt\n"
    assert session.files.read("local.txt") == b"local"
    stored = client.files.upload(b"stored", "stored.txt")
    assert files("attach", session.id, stored.id, "--name", "x.txt") == "/mnt/data/x.txt\n"
    assert session.files.read("x.txt") == b"stored"
    files("detach", session.id, stored.id)
    listed = [file.path for file in session.files.list() if not file.link_target]
    assert listed == ["/mnt/data/local.txt"]
    assert "no attachment" in refused("detach", session.id, stored.id)
    assert "no.txt: No such file or directory" in refused("attach", session.id, "no.txt")


def test_attach_a_folder(files: Command, server: str, session: Session, tmp_path: Path) -> None:
    (tmp_path / "project" / "sub").mkdir(parents=True)
    (tmp_path / "project" / "a.txt").write_text("a")
    (tmp_path / "project" / "sub" / "b.txt").write_text("b")
    (tmp_path / "project" / "link").symlink_to("/etc/passwd")
    done = cellblock("files", "attach", session.id, "project", cwd=tmp_path, address=server)
    assert (done.returncode, done.stdout) == (0, "/mnt/data/project\n")
    assert done.stderr == "[not unpacked: link: is a link]\n"
    assert [line.split()[-1] for line in files("ls", session.id, "project").splitlines()] == [
        "/mnt/data/project/a.txt",
        "/mnt/data/project/sub/",
        "/mnt/data/project/sub/b.txt",
    ]
    assert session.files.read("project/sub/b.txt") == b"b"


def test_attach_an_archive(server: str, session: Session, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.writestr("in/a.txt", "a")
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    arguments = ("files", "attach", session.id, "data.zip", "--unpack")
    done = cellblock(*arguments, cwd=tmp_path, address=server)
    assert (done.returncode, done.stdout) == (0, "/mnt/data/data\n")
    assert done.stderr.startswith("[not unpacked: ")
    assert session.files.read("data/in/a.txt") == b"a"


def test_read(files: Command, refused: Command, session: Session, tmp_path: Path) -> None:
    session.files.write("folder/a.txt", b"0123456789")
    assert files("read", session.id, "folder/a.txt") == "a.txt\n"
    assert (tmp_path / "a.txt").read_bytes() == b"0123456789"
    assert "a.txt exists" in refused("read", session.id, "folder/a.txt")
    part = files("read", session.id, "folder/a.txt", "--offset", "3", "--length", "4", "-")
    assert part == "3456"
    refused("read", session.id, "no.txt")
    assert not (tmp_path / "no.txt").exists()


def test_write(files: Command, session: Session, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    assert files("write", session.id, "new/a.txt", "a.txt") == "/mnt/data/new/a.txt\n"
    assert session.files.read("new/a.txt") == b"one"
    files("write", session.id, "new/a.txt", "-", stdin="two")
    assert session.files.read("new/a.txt") == b"two"


def test_mkdir_and_rm(files: Command, refused: Command, session: Session) -> None:
    files("mkdir", session.id, "a/b")
    assert files("ls", session.id).split()[-1] == "/mnt/data/a/b/"
    assert "not empty" in refused("rm", session.id, "a")
    files("rm", session.id, "a/b")
    files("mkdir", session.id, "a/b")
    files("rm", "--recursive", session.id, "a")
    assert files("ls", session.id) == ""


def test_zip(files: Command, session: Session, tmp_path: Path) -> None:
    session.files.write("top.txt", b"top")
    session.files.write("folder/a.txt", b"a")
    assert files("zip", session.id) == f"{session.id}.zip\n"
    with zipfile.ZipFile(tmp_path / f"{session.id}.zip") as archive:
        assert archive.read("top.txt") == b"top"
    assert files("zip", session.id, "folder", "x.zip") == "x.zip\n"
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.testzip() is None
        assert any(name.endswith("a.txt") for name in archive.namelist())
        assert not any(name.endswith("top.txt") for name in archive.namelist())


def test_run_attaches_folders_and_archives(server: str, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "a.txt").write_text("a")
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.writestr("b.txt", "b")
    given = ("--attach", "project", "--attach", "data.zip", "--unpack")
    code = "print(open('project/a.txt').read() + open('data/b.txt').read())"
    done = cellblock("run", *given, "-", cwd=tmp_path, address=server, stdin=code)
    assert (done.returncode, done.stdout) == (0, "ab\n")


def test_moved_and_deleted_files_are_reported(
    server: str, session: Session, tmp_path: Path
) -> None:
    def run(code: str) -> str:
        arguments = ("run", "--session", session.id, "-")
        return cellblock(*arguments, cwd=tmp_path, address=server, stdin=code).stderr

    assert run("open('a.txt', 'w').write('x' * 1000);") == "[file: out/a.txt]\n"
    moved = run("import os; os.rename('a.txt', 'b.txt')")
    assert moved == "[file: out/b.txt (was /mnt/data/a.txt)]\n"
    assert run("os.remove('b.txt')") == "[file deleted: /mnt/data/b.txt]\n"
    log = cellblock("logs", session.id, cwd=tmp_path, address=server).stdout
    assert "/mnt/data/b.txt (was /mnt/data/a.txt), 1000 bytes]" in log
    assert "[file deleted: /mnt/data/b.txt]" in log


def test_names_do_nothing_to_a_terminal(files: Command, session: Session) -> None:
    session.run("open('a\\x1b[31m\\x1b]0;t\\x07\\nb\\u202e[bold]', 'w').write('x')")
    (line,) = files("ls", session.id).splitlines()
    assert line.endswith("/mnt/data/a\ufffd[31m\ufffd]0;t\ufffd\ufffdb\ufffd[bold]")


def test_names_that_look_like_markup_are_listed_as_they_are(
    files: Command, client: Client, tmp_path: Path
) -> None:
    name = f"[red]:smile:{tmp_path.name}"
    file = client.files.upload(b"", name)
    assert f" {name} " in files("--name", name)
    client.files.delete(file.id)


def test_a_bar_is_shown_in_a_terminal(server: str, client: Client, tmp_path: Path) -> None:
    (tmp_path / "big.bin").write_bytes(bytes(30_000_000))
    command = ("files", "--address", server)
    process, child = in_a_terminal(*command, "upload", "big.bin", cwd=tmp_path, terminal="xterm")
    child.expect(r"big\.bin .*/30\.0 MB")
    child.expect(r"(file-\w{24})\r")
    file = child.match.group(1)  # type: ignore[union-attr]
    assert process.wait(20) == 0
    child.close()
    process, child = in_a_terminal(
        *command, "download", file, "down.bin", cwd=tmp_path, terminal="xterm"
    )
    child.expect(r"big\.bin .*/30\.0 MB")
    child.expect("down.bin\r")
    assert process.wait(20) == 0
    child.close()
    assert (tmp_path / "down.bin").stat().st_size == 30_000_000


def test_bytes_do_nothing_to_a_terminal(
    server: str, files: Command, session: Session, tmp_path: Path
) -> None:
    session.files.write("evil", b"<\x1b]0;title\x07\xc3\xa9\xff\x1b[2J>")
    command = ("files", "--address", server, "read", session.id, "evil", "-")
    process, child = in_a_terminal(*command, cwd=tmp_path, terminal="xterm")
    child.expect("<.*>")
    assert child.match.group(0) == "<]0;titleé\ufffd[2J>"  # type: ignore[union-attr]
    assert process.wait(20) == 0
    child.close()
    # Elsewhere they are as they are: `read` of text would fail to decode the rest.
    session.files.write("plain", b"<\x1b[2J>")
    assert files("read", session.id, "plain", "-") == "<\x1b[2J>"
