"""A file that can't be captured or read is listed with the real reason."""

import pytest

from cellblock_client.client import Session
from cellblock_client.errors import WrongStateError
from cellblock_client.events import GeneratedFile

MAKE = """
import os, socket
open("x.csv", "w").write("a")
os.chmod("x.csv", 0)
os.mkfifo("fifo")
os.symlink("/etc/passwd", "link")
s = socket.socket(socket.AF_UNIX); s.bind("socket"); s.close()
os.makedirs("closed/inner"); open("closed/inner/a", "w").write("a"); os.chmod("closed", 0)
os.makedirs("/".join("d" * 17)); open("/".join("d" * 17) + "/a", "w").write("a")
"""
REASONS = {
    "x.csv": "can't be read: permission denied",
    "fifo": "is a FIFO",
    "link": "is a link",
    "socket": "is a socket",
    "closed": "can't be read: permission denied",
    "/".join("d" * 17): "is more than 16 folders deep",
}


def skipped(session: Session, code: str) -> dict[str, str]:
    return {
        event.path.removeprefix("/mnt/data/"): event.skipped_reason
        for event in session.run(code).events
        if isinstance(event, GeneratedFile) and event.file is None
    }


@pytest.mark.core
def test_each_file_that_is_not_stored_says_why(session: Session) -> None:
    assert skipped(session, MAKE) == REASONS
    assert skipped(session, "os.listdir()") == {}
    result = session.run("os.chmod('x.csv', 0o600)")
    assert [file.path for file in result.files] == ["/mnt/data/x.csv"]


@pytest.mark.core
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("x.csv", "x.csv can't be read: permission denied"),
        ("fifo", "fifo is a FIFO"),
        ("link", "link is a link"),
        ("socket", "socket is a socket"),
        ("d", "d is a folder"),
        ("closed/inner/a", "closed is a folder that can't be read: permission denied"),
        ("x.csv/a", "x.csv is not a folder"),
    ],
)
def test_reading_says_why_it_is_refused(session: Session, path: str, reason: str) -> None:
    session.run(MAKE)
    with pytest.raises(WrongStateError) as caught:
        session.files.read(path)
    assert caught.value.message == reason
