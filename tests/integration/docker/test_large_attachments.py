"""Attachments that are too large to be sent to the agent behave like files in the sandbox."""

import sqlite3
import textwrap
from collections.abc import Iterator

import pytest

from cellblock_client import Client
from cellblock_client.client import Session
from cellblock_client.events import FileDeleted, GeneratedFile
from cellblock_client.types import File

MIB = 2**20
LINKED_BYTES = 65 * MIB
"""More than a sixteenth of a session's memory: too large to be copied into it."""


@pytest.fixture(scope="module")
def module_client(server: str) -> Iterator[Client]:
    with Client(server) as client:
        yield client


@pytest.fixture(scope="module")
def copied(module_client: Client) -> Iterator[File]:
    """A file that is copied by the agent."""
    rows = "".join(
        f"{number},{'abc'[number % 3]},{number * 1.5:.2f}\n" for number in range(1_100_000)
    )
    file = module_client.files.upload(f"id,cat,val\n{rows}".encode(), "big.csv")
    assert file.bytes > 16 * MIB
    yield file
    module_client.files.delete(file.id)


@pytest.fixture(scope="module")
def linked(module_client: Client) -> Iterator[File]:
    """A file that is linked."""
    file = module_client.files.upload(b"x,y\n" + b"1,2\n" * (LINKED_BYTES // 4), "huge.csv")
    yield file
    module_client.files.delete(file.id)


@pytest.fixture(scope="module")
def database(module_client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[File]:
    """A database in WAL mode that is larger than any other file that is copied."""
    path = tmp_path_factory.mktemp("database") / "big.db"
    with sqlite3.connect(path) as db:
        db.execute("pragma journal_mode=wal")
        db.execute("create table t (id, v)")
        rows = ((number, "x" * 700) for number in range(100_000))
        db.executemany("insert into t values (?, ?)", rows)
    db.execute("pragma wal_checkpoint(truncate)")
    db.close()
    assert path.stat().st_size > LINKED_BYTES
    file = module_client.files.upload(path)
    yield file
    module_client.files.delete(file.id)


def text_of(session: Session, code: str) -> str:
    result = session.run(code)
    assert result.error is None, "\n".join(result.error.traceback)
    return result.stdout


def generated(session: Session, code: str) -> list[GeneratedFile]:
    return [event for event in session.run(code).events if isinstance(event, GeneratedFile)]


@pytest.mark.core
def test_a_file_that_fits_well_is_a_plain_file_of_the_session(
    session: Session, copied: File
) -> None:
    session.attach(copied)
    assert text_of(session, "import os; print(os.listdir(), os.path.islink('big.csv'))") == (
        "['big.csv'] False\n"
    )
    assert text_of(session, "open('big.csv', 'a').write('1,a,1.50\\n'); print('ok')") == "ok\n"
    code = """
        import os, pathlib, shutil, subprocess, tarfile, zipfile
        size = os.stat("big.csv").st_size
        os.chmod("big.csv", 0o600)
        os.mkdir("/mnt/data/in")
        shutil.move("big.csv", "in/moved.csv")
        subprocess.run("tar cf /tmp/a.tar in", shell=True, check=True)
        with tarfile.open("/tmp/a.tar") as tar:
            print(tar.getmember("in/moved.csv").size == size)
        print([p.stat().st_size == size for p in pathlib.Path("/mnt/data").rglob("*.csv")])
    """
    assert text_of(session, textwrap.dedent(code)) == "True\n[True]\n"


def test_a_database_in_wal_mode_can_be_read_and_written(session: Session, database: File) -> None:
    session.attach(database)
    code = """
import sqlite3
db = sqlite3.connect("big.db")
db.execute("insert into t values (-1, 'new')")
db.commit()
print(db.execute("select count(*), min(id) from t").fetchone())
print(db.execute("pragma journal_mode").fetchone())
db.close()
import os; print(os.listdir())
"""
    assert text_of(session, code) == "(100001, -1)\n('wal',)\n['big.db']\n"


@pytest.mark.core
def test_a_link_is_moved_copied_and_deleted_like_a_file(
    client: Client, session: Session, linked: File
) -> None:
    session.attach(linked)
    code = "import os, shutil; os.makedirs('sub'); shutil.move('huge.csv', 'sub/sales.csv')"
    (moved,) = generated(session, code)
    assert moved.file is not None
    assert (moved.path, moved.renamed_from) == ("/mnt/data/sub/sales.csv", "/mnt/data/huge.csv")
    stored = moved.file
    assert (stored.sha256, stored.bytes, stored.filename) == (
        linked.sha256,
        linked.bytes,
        "sales.csv",
    )
    text = "[here](sandbox:/mnt/data/sub/sales.csv)"
    (annotation,) = client.run_steps.resolve_annotations(session.id, text).annotations
    assert annotation.file.id == stored.id
    assert generated(session, "1") == []
    (copy,) = generated(session, "shutil.copyfile('sub/sales.csv', 'copy.csv')")
    assert copy.file is not None
    assert copy.file.sha256 == linked.sha256
    result = session.run("os.remove('sub/sales.csv')")
    assert [event.path for event in result.events if isinstance(event, FileDeleted)] == [
        "/mnt/data/sub/sales.csv"
    ]


@pytest.mark.core
def test_code_that_names_an_id_finds_the_file(
    session: Session, linked: File, client: Client
) -> None:
    small = client.files.upload(b"small", "small.txt")
    for file in (small, linked):
        session.attach(file)
    listed = "import os; print(sorted(os.listdir('/mnt/data')))"
    assert text_of(session, listed) == "['huge.csv', 'small.txt']\n"
    assert text_of(session, f"print(open('/mnt/data/{small.id}').read())") == "small\n"
    assert text_of(session, listed) == f"{sorted([small.id, 'huge.csv', 'small.txt'])}\n"
    result = session.run(
        "print(os.path.getsize(os.environ['INPUT']))",
        environment={"INPUT": f"/mnt/data/{linked.id}"},
    )
    assert result.stdout == f"{linked.bytes}\n"
    for file in (small, linked):
        session.detach(file.id)
    assert text_of(session, listed) == "[]\n"


def test_a_detached_file_that_no_code_named_leaves_nothing(
    session: Session, client: Client
) -> None:
    small = client.files.upload(b"small", "small.txt")
    session.attach(small)
    session.detach(small.id)
    assert (
        text_of(session, f"import os; print(os.path.lexists('/mnt/data/{small.id}'))") == "False\n"
    )
