"""File names and contents with which a sandbox attacks the host, or exhausts the server.

A canary lies on the host. Whatever a sandbox plants, what comes out through any call, or is
stored, has not the canary's word in it; and nothing that goes in changes the canary.
"""

import io
import secrets
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cellblock_client import Client, Limits
from cellblock_client.client import Session
from cellblock_client.errors import Error, InvalidArgumentError
from cellblock_client.events import GeneratedFile
from cellblock_client.result import ExecutionResult
from tests.support.waiting import until

MIB = 2**20
HOSTILE_NAMES = {
    "..": InvalidArgumentError,
    "../up": InvalidArgumentError,
    "a/../../up": InvalidArgumentError,
    "/etc/passwd": InvalidArgumentError,
    "/mnt/data/../../etc/passwd": InvalidArgumentError,
    "a\\b": InvalidArgumentError,
    "a\0b": InvalidArgumentError,
    "a\nb": InvalidArgumentError,
    "a\x1b[31mb": InvalidArgumentError,
    "\u202egpj.exe": InvalidArgumentError,
    "\u2066x": InvalidArgumentError,
    "x" * 256: InvalidArgumentError,
    "漢" * 86: InvalidArgumentError,
    "/".join("d" * 600): InvalidArgumentError,
}
RESERVED_NAMES = ("CON", "nul.txt", "aux", "-rf", "~", "$HOME", "*", "a b", "a;b", ".hidden", "'q'")


@dataclass
class Canary:
    """A secret on the host."""

    path: Path
    word: str

    def check(self) -> None:
        assert self.path.read_text() == self.word


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    path = tmp_path / "canary"
    canary = Canary(path, secrets.token_hex(20))
    path.write_text(canary.word)
    path.chmod(0o666)
    tmp_path.chmod(0o777)
    yield canary
    canary.check()


def generated(result: ExecutionResult) -> dict[str, GeneratedFile]:
    return {event.path: event for event in result.events if isinstance(event, GeneratedFile)}


def everything(session: Session) -> bytes:
    """Return all bytes that come out of a session's `/mnt/data`, by any call."""
    found = io.BytesIO()
    for entry in session.files.list():
        if not entry.is_folder:
            try:
                found.write(session.files.read(entry.path))
            except Error as error:
                found.write(error.message.encode())
    archive = io.BytesIO()
    session.files.download_folder("", archive)
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            found.write(opened.read(name))
    return found.getvalue()


def stored(state_dir: Path) -> bytes:
    """Return all bytes of files that the server stores."""
    blobs = (path for path in (state_dir / "blobs").rglob("*") if path.is_file())
    return b"".join(path.read_bytes() for path in blobs)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_callers_names_are_refused(client: Client, shared_session: Session, name: str) -> None:
    error = HOSTILE_NAMES[name]
    files = shared_session.files
    for call in (
        lambda: files.read(name),
        lambda: files.write(name, b"x"),
        lambda: files.delete(name),
        lambda: files.create_folder(name),
        lambda: files.list(name),
        lambda: files.download_folder(name, io.BytesIO()),
        lambda: client.files.upload(b"x", name),
        lambda: shared_session.attach(b"x", name),
    ):
        with pytest.raises(error):
            call()


def test_unusual_names_are_accepted(session: Session) -> None:
    for name in RESERVED_NAMES:
        session.files.write(name, name.encode())
    listed = {entry.path.removeprefix("/mnt/data/") for entry in session.files.list()}
    assert listed == set(RESERVED_NAMES)
    assert [session.files.read(name).decode() for name in RESERVED_NAMES] == list(RESERVED_NAMES)


def test_names_that_differ_by_case_are_two(client: Client, session: Session) -> None:
    session.attach(b"lower", "data.csv")
    session.attach(b"upper", "DATA.CSV")
    assert session.files.read("data.csv") == b"lower"
    assert session.files.read("DATA.CSV") == b"upper"


def test_hostile_names_are_sanitised_and_reported(session: Session) -> None:
    result = session.run(
        "import os\n"
        "for name in (b'a\\nb', 'bidi\\u202egpj.exe'.encode(), b'back\\\\slash', b'esc\\x1b[31m',\n"
        "             b'not utf-8 \\xff', b'x' * 255, '漢'.encode() * 85, b' ', b'.cellblock-x'):\n"
        "    open(name, 'w').write('x')\n"
    )
    files = generated(result)
    names = {event.file.filename for event in files.values() if event.file}
    assert {"a_b", "bidi_gpj.exe", "back_slash", "esc_[31m", "x" * 255, "漢" * 85, " "} <= names
    skipped = [event.skipped_reason for event in files.values() if not event.file]
    assert skipped == ["has a name that is not UTF-8"]
    for path in files:
        assert path.isprintable()


@pytest.mark.core
def test_planted_links_reach_nothing(
    canary: Canary, state_dir: Path, client: Client, session: Session
) -> None:
    targets = [
        str(canary.path),
        f"../../../../../..{canary.path}",
        f"/proc/1/root{canary.path}",
        f"/proc/self/root{canary.path}",
        str(state_dir / "cellblock.db"),
        "/etc/passwd",
        "/etc/hostname",
        "/proc/1/environ",
        "/proc/1/maps",
        "/proc/self/environ",
        "/run/cellblock/agent.sock",
        "/run/cellblock",
        "/mnt/inputs",
        "/mnt/inputs/../data",
        "/",
        "/dev/mem",
        "/dev/zero",
        "/dev/stdin",
        "link-0",
    ]
    result = session.run(
        "import os\n"
        f"for number, target in enumerate({targets!r}):\n"
        "    os.symlink(target, f'link-{number}')\n"
        "os.mkdir('folder'); os.symlink('/', 'folder/root'); os.symlink('..', 'folder/up')\n"
        "for name in ('/etc/passwd', '/proc/1/environ'):\n"
        "    try: os.link(name, 'hard')\n"
        "    except OSError as error: print(type(error).__name__)"
    )
    links = generated(result)
    assert {event.skipped_reason for event in links.values()} == {"is a link"}
    for number in range(len(targets)):
        for call in (
            lambda path: session.files.read(path),
            lambda path: session.files.read(f"{path}/etc/passwd"),
            lambda path: session.files.write(f"{path}/x", b"x"),
            lambda path: session.files.create_folder(f"{path}/x"),
            lambda path: session.files.delete(f"{path}/canary"),
            lambda path: session.files.list(path),
            lambda path: session.files.download_folder(path, io.BytesIO()),
        ):
            with pytest.raises(Error):
                call(f"link-{number}")
    with pytest.raises(Error):
        session.files.read("folder/root/etc/passwd")
    # A write takes the link's place, and a delete takes the link.
    session.files.write("link-0", b"mine")
    session.files.delete("link-1")
    out = everything(session)
    for secret in (canary.word.encode(), b"root:x:0:0", b"SQLite format 3"):
        assert secret not in out
    # The folder also has files that other tests have stored.
    assert canary.word.encode() not in stored(state_dir)


def test_a_link_swapped_while_it_is_read_reaches_nothing(
    canary: Canary, state_dir: Path, session: Session
) -> None:
    session.run(
        "import os, subprocess, sys\n"
        "os.mkdir('d')\n"
        "open('d/own', 'w').write('own ' * 1000)\n"
        "code = '''\n"
        "import os\n"
        "while True:\n"
        '    os.symlink("/proc/1/environ", "new"); os.rename("new", "swapped")\n'
        '    open("plain", "w").write("plain"); os.rename("plain", "swapped")\n'
        '    os.rename("d", "e"); os.symlink("/etc", "d"); os.unlink("d"); os.rename("e", "d")\n'
        "'''\n"
        "swapper = subprocess.Popen([sys.executable, '-c', code])"
    )
    seen = set()
    for _ in range(150):
        for path in ("swapped", "d/own", "d/passwd"):
            try:
                seen.add(session.files.read(path)[:5])
            except Error:
                seen.add(b"")
    session.run("swapper.kill(); swapper.wait()")
    assert seen <= {b"", b"plain", b"own o"}
    assert canary.word.encode() not in stored(state_dir)


def test_special_files_are_reported_and_delay_no_execution(session: Session) -> None:
    result = session.run(
        "import os, socket\n"
        "os.mkfifo('fifo'); socket.socket(socket.AF_UNIX).bind('socket')\n"
        "open('plain', 'w').write('x')"
    )
    reasons = {path: event.skipped_reason for path, event in generated(result).items()}
    assert reasons == {
        "/mnt/data/fifo": "is a FIFO",
        "/mnt/data/socket": "is a socket",
        "/mnt/data/plain": "",
    }
    for name in ("fifo", "socket"):
        with pytest.raises(Error):
            session.files.read(name)
    archive = io.BytesIO()
    session.files.download_folder("", archive)
    assert zipfile.ZipFile(archive).namelist() == ["plain"]


def test_sparse_files_are_what_they_claim_and_no_more(session: Session) -> None:
    result = session.run(
        "import errno, os\n"
        "for size in (2**40, 8 * 2**30):\n"
        "    try:\n"
        "        with open('sparse', 'wb') as file: file.truncate(size)\n"
        "        print('made', size)\n"
        "    except OSError as error: print(errno.errorcode[error.errno])"
    )
    assert result.stdout == "EFBIG\nmade 8589934592\n"
    (event,) = generated(result).values()
    assert event.skipped_reason == "past 536870912 bytes of files of one execution"
    assert session.files.read("sparse", offset=2**32, length=10) == bytes(10)
    assert session.run("os.unlink('sparse')").failure is None


def test_a_hundred_thousand_files(client: Client) -> None:
    limits = Limits(memory_bytes=4 * 2**30, data_bytes=2 * 2**30)
    with client.sessions.create(limits=limits) as session:
        result = session.run(
            "import os\n"
            "for folder in range(100):\n"
            "    os.mkdir(f'{folder}')\n"
            "    for number in range(1000): open(f'{folder}/{number}', 'x').close()",
            time_limit=60,
        )
        assert result.failure is None
        files = generated(result)
        assert len([event for event in files.values() if event.file]) == 100
        assert any("more than" in event.skipped_reason for event in files.values())
        assert len(files) < 1000
        # Files that were not scanned are not reported as deleted, and the session continues.
        result = session.run("open('after', 'w').write('x'); 'answered'")
        assert result.text == "'answered'"
        assert not [event for event in result.events if type(event).__name__ == "FileDeleted"]
        listing = session.files.list()
        assert 1000 < len(listing) <= 100_200
        with pytest.raises(Error, match="20000"):
            session.files.download_folder("", io.BytesIO())
        session.files.delete("7", recursive=True)


def test_folders_500_deep(session: Session) -> None:
    result = session.run(
        "import os\n"
        "for _ in range(500):\n"
        "    os.mkdir('d'); os.chdir('d')\n"
        "open('bottom', 'w').write('x')\n"
        "os.chdir('/mnt/data'); open('top', 'w').write('x')"
    )
    files = generated(result)
    assert files["/mnt/data/top"].file is not None
    assert [event for event in files.values() if "deep" in event.skipped_reason]
    assert session.files.list().incomplete
    with pytest.raises(Error, match="more than 16 folders deep"):
        session.files.download_folder("", io.BytesIO())
    session.files.delete("d", recursive=True)
    assert [entry.path for entry in session.files.list()] == ["/mnt/data/top"]


def test_a_file_that_grows_while_it_is_read_has_an_end(client: Client, session: Session) -> None:
    result = session.run(
        "import subprocess, sys\n"
        "code = '''\n"
        "import os\n"
        'with open("grows", "wb", buffering=0) as file:\n'
        '    while file.tell() < 4e8 and not os.path.exists("stop"): file.write(bytes(2**16))\n'
        "'''\n"
        "writer = subprocess.Popen([sys.executable, '-c', code])\n"
        "import os\n"
        "while not os.path.exists('grows'): pass"
    )
    assert "/mnt/data/grows" not in {
        path for path, event in generated(result).items() if event.file
    }
    for _ in range(5):
        assert len(session.files.read("grows")) <= 400 * MIB
    session.files.write("stop", b"")
    session.run("writer.wait()")
    until(
        lambda: bool([f for f in client.files.list(session_id=session.id) if f.filename == "grows"])
    )
    (file,) = [f for f in client.files.list(session_id=session.id) if f.filename == "grows"]
    assert file.bytes == session.files.list()[0].bytes


def test_an_archive_can_not_leave_its_folder(canary: Canary, session: Session) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(f"../../../../../..{canary.path}", "overwritten")
    with pytest.raises(Error, match=r"\.\."):
        session.attach(data.getvalue(), "evil", unpack=True)
    session.run("import os; os.symlink('/tmp', 'evil')")
    with pytest.raises(Error):
        session.attach(data.getvalue(), "evil", unpack=True)
    assert session.run("os.listdir('/tmp')").text == "[]"
