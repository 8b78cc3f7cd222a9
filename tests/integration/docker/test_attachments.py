"""Attachments: links instead of copies, archives, folders, and detaching."""

import asyncio
import io
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cellblock_client import AsyncClient, Client
from cellblock_client.aio import AsyncSession
from cellblock_client.client import Session
from cellblock_client.errors import AlreadyExistsError, NotFoundError, WrongStateError
from cellblock_client.events import Started, Stdout
from tests.support.buckets import linked_file
from tests.support.disk import small_disk
from tests.support.server import ServerProcess

pytestmark = pytest.mark.each_blob_store

MIB = 2**20
TREE = "import os; sorted(os.path.join(d, f) for d, _, fs in os.walk('.') for f in fs)"


@pytest.fixture(scope="module")
def linking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that links all files over 1,000 bytes."""
    server = ServerProcess(
        tmp_path_factory.mktemp("linking"),
        {
            "CELLBLOCK_FILES__SMALL_FILE_BYTES": "1000",
            "CELLBLOCK_FILES__MAX_UNPACKED_BYTES": str(2 * MIB),
            "CELLBLOCK_FILES__MAX_UNPACKED_FILES": "50",
        },
    )
    server.start()
    yield server
    server.end()


@pytest.fixture
def linked(linking: ServerProcess) -> Iterator[Session]:
    with Client(linking.address) as client, client.sessions.create() as session:
        yield session


def inputs(server: ServerProcess) -> list[Path]:
    return list((server.state / "run").glob("*/inputs/*"))


def zipped(**files: bytes | str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return data.getvalue()


def tarred(mode: str, *members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode) as archive:  # type: ignore[call-overload]
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


@pytest.mark.core
def test_a_large_file_is_a_link_on_the_host_and_gone_when_detached(
    linking: ServerProcess, linked: Session
) -> None:
    with Client(linking.address) as client:
        file = client.files.upload(b"y" * 5000, "large")
    attachment = linked.attach(file)
    assert (attachment.path, attachment.copied) == ("/mnt/data/large", False)
    (shown,) = inputs(linking)
    blob = linked_file(linking.state, file.sha256)
    assert shown.stat().st_ino == blob.stat().st_ino
    assert (
        linked.run(f"open('large').read() == open('{file.id}').read() == 'y' * 5000").text == "True"
    )
    for code in ("open('large', 'a')", "import os; os.truncate('large', 0)"):
        error = linked.run(code).error
        assert error is not None
        assert error.name in ("PermissionError", "OSError")
    linked.detach(file.id)
    assert linked.run("import os; os.listdir()").text == "[]"
    assert inputs(linking) == []
    assert blob.stat().st_nlink == 1


def test_a_copy_is_made_and_logged_if_links_do_not_work(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path, {"CELLBLOCK_FILES__SMALL_FILE_BYTES": "1000"})
    server.state.mkdir(mode=0o700)
    with small_disk(server.state / "run", 16 * MIB):
        server.start()
        try:
            with Client(server.address) as client, client.sessions.create() as session:
                file = client.files.upload(b"y" * 5000, "large")
                assert session.attach(file).copied
                assert session.run("len(open('large').read())").text == "5000"
                assert "attachment_copied" in server.log.read_text()
        finally:
            server.end()


@pytest.mark.core
def test_a_small_file_is_the_sessions_own(client: Client, session: Session) -> None:
    file = client.files.upload(b"a", "small")
    session.attach(file)
    assert session.run("open('small', 'a').write('b'); open('small').read()").text == "'ab'"
    assert client.files.read(file.id) == b"a"


def test_attached_while_code_runs(client: Client, session: Session) -> None:
    file = client.files.upload(b"now", "late.txt")
    execution = session.execute(
        "import os, time\n"
        "while not os.path.exists('late.txt'): time.sleep(0.01)\n"
        "print(open('late.txt').read())"
    )
    written = ""
    for event in execution:
        match event:
            case Started():
                session.attach(file)
            case Stdout(text=text):
                written += text
    assert written == "now\n"


def test_deleting_the_file_leaves_the_session_unharmed(
    linking: ServerProcess, linked: Session
) -> None:
    with Client(linking.address) as client:
        small, large = client.files.upload(b"s", "small"), client.files.upload(b"l" * 5000, "large")
        for file in (small, large):
            linked.attach(file)
            client.files.delete(file.id)
    assert linked.run("open('small').read(), len(open('large').read())").text == "('s', 5000)"
    linked.detach(large.id)


def test_attaching_again_restores_a_file_that_code_removed(
    client: Client, session: Session
) -> None:
    file = client.files.upload(b"x", "x")
    session.attach(file)
    session.run(f"import os; os.unlink('x'); os.unlink('{file.id}')")
    session.attach(file)
    assert session.run("open('x').read()").text == "'x'"


def test_another_name_and_a_taken_name_are_refused(client: Client, session: Session) -> None:
    file = client.files.upload(b"x", "x")
    session.attach(file)
    with pytest.raises(AlreadyExistsError, match="attached already, as 'x'"):
        session.attach(file, "y")
    session.run("open('mine', 'w').write('m')")
    with pytest.raises(AlreadyExistsError):
        session.attach(b"y", "mine")
    assert session.files.read("mine") == b"m"


async def test_concurrent_attachments_of_one_file(
    async_client: AsyncClient, own: AsyncSession
) -> None:
    file = await async_client.files.upload(b"x", "x")
    attached = await asyncio.gather(*(own.attach(file) for _ in range(8)))
    assert {attachment.path for attachment in attached} == {"/mnt/data/x"}
    assert (await own.run("open('x').read()")).text == "'x'"


@pytest.mark.parametrize(
    ("name", "archive"),
    [
        ("set.zip", zipped(a="1", b__c="2")),
        *(
            (
                f"set.tar{ending}",
                tarred(f"w{ending.replace('.', ':')}", (member("a"), b"1"), (member("b/c"), b"2")),
            )
            for ending in ("", ".gz", ".bz2", ".xz")
        ),
    ],
)
def test_archives_are_unpacked(client: Client, session: Session, name: str, archive: bytes) -> None:
    file = client.files.upload(archive, name)
    attachment = session.attach(file, unpack=True)
    assert attachment.path == "/mnt/data/set"
    assert attachment.unpacked is not None
    assert (attachment.unpacked.files, attachment.unpacked.bytes) == (2, 2)
    result = session.run(TREE)
    assert result.text == "['./set/a', './set/b/c']"
    assert result.files == []
    assert session.run("open('set/a', 'w').write('mine')").files[0].path == "/mnt/data/set/a"
    session.detach(file.id)
    assert session.run("import os; os.listdir()").text == "[]"


def test_a_folder_is_attached_whole(client: Client, session: Session, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / "sub" / "empty").mkdir(parents=True)
    (folder / "sub" / "ä.txt").write_text("1")
    (folder / "canary").symlink_to("/etc/passwd")
    assert session.attach(folder).path == "/mnt/data/project"
    assert session.run(TREE).text == "['./project/sub/ä.txt']"
    assert session.run("os.path.isdir('project/sub/empty')").text == "True"


def test_a_session_begins_with_an_unpacked_archive(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    path.write_bytes(zipped(a="1"))
    with client.sessions.create(files=[path], unpack=True) as session:
        assert session.run("open('set/a').read()").text == "'1'"


def test_links_and_devices_are_left_out_and_named(session: Session) -> None:
    archive = tarred(
        "w",
        (member("good"), b"1"),
        (member("soft", tarfile.SYMTYPE, "/etc/passwd"), b""),
        (member("hard", tarfile.LNKTYPE, "good"), b""),
        (member("device", tarfile.CHRTYPE), b""),
        (member("fifo", tarfile.FIFOTYPE), b""),
    )
    attachment = session.attach(archive, "set", unpack=True)
    assert attachment.unpacked is not None
    assert {item.path for item in attachment.unpacked.skipped} == {"soft", "hard", "device", "fifo"}
    assert session.run(TREE).text == "['./set/good']"


BOMBS = {
    "ratio": (zipped(bomb=bytes(2 * MIB)), "more than 100 times as large"),
    "size": (tarred("w", (member("big"), os.urandom(3 * MIB))), "2097152 bytes"),
    "count": (zipped(**{f"f{number}": b"" for number in range(60)}), "50"),
    "depth": (tarred("w", (member("/".join("d" * 20)), b"1")), "folders deep"),
    "absolute": (tarred("w", (member("/etc/cron.d/x"), b"1")), "absolute"),
    "above": (tarred("w", (member("a/../../x"), b"1")), r"\.\."),
    "no archive": (b"just words", "neither a ZIP nor a tar archive"),
    "cut off": (zipped(a=os.urandom(5000))[:3000], "neither|damaged|broken|truncated|cut"),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_hostile_archives_are_refused_and_leave_nothing(
    linking: ServerProcess, linked: Session, kind: str
) -> None:
    archive, reason = BOMBS[kind]
    with pytest.raises(WrongStateError, match=reason):
        linked.attach(archive, "hostile", unpack=True)
    assert linked.run("import os; os.listdir()").text == "[]"
    assert inputs(linking) == []
    assert linked.attach(zipped(a="1"), "good", unpack=True)  # and the session works


def test_detaching_what_is_not_attached(session: Session) -> None:
    with pytest.raises(NotFoundError, match="no attachment"):
        session.detach("file-none")


@pytest.mark.core
def test_attachments_outlive_a_restart_of_the_server(
    new_server: Callable[..., ServerProcess],
) -> None:
    server = new_server(CELLBLOCK_FILES__SMALL_FILE_BYTES="1000")
    with Client(server.address) as client:
        file = client.files.upload(b"y" * 5000, "large")
        session = client.sessions.create()
        session.attach(file)
    server.kill()
    server.start()
    with Client(server.address) as client:
        session = client.sessions.get(session.id)
        assert session.run("len(open('large').read())").text == "5000"
        session.detach(file.id)
        session.delete()
