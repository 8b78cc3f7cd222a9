"""Files that code writes are captured once, complete, with their path and their execution."""

from collections.abc import Callable

import pytest

from cellblock_client import Client
from cellblock_client.client import Session
from cellblock_client.errors import NotFoundError, ResourceExhaustedError
from cellblock_client.events import FileDeleted, GeneratedFile
from cellblock_client.result import ExecutionResult
from tests.support.server import ServerProcess
from tests.support.waiting import until

MIB = 2**20


def generated(result: ExecutionResult) -> list[GeneratedFile]:
    return [event for event in result.events if isinstance(event, GeneratedFile)]


def deleted(result: ExecutionResult) -> list[str]:
    return [event.path for event in result.events if isinstance(event, FileDeleted)]


@pytest.mark.core
def test_new_and_changed_files_are_stored_with_their_execution(
    client: Client, session: Session
) -> None:
    first = session.run("open('a.csv', 'w').write('x,y\\n'); open('b', 'w').write('b')")
    assert [file.filename for file in first.files] == ["a.csv", "b"]
    file = first.files[0]
    assert (file.path, file.mime_type, file.bytes) == ("/mnt/data/a.csv", "text/csv", 4)
    assert (file.session_id, file.execution_id) == (session.id, first.execution.id)
    assert file.expire_time is not None
    second = session.run("open('a.csv', 'a').write('1,2\\n')")
    assert [file.filename for file in second.files] == ["a.csv"]
    assert client.files.read(second.files[0].id) == b"x,y\n1,2\n"
    assert client.files.read(file.id) == b"x,y\n"
    assert session.run("open('a.csv').read()").files == []
    stored = client.files.list(execution_id=first.execution.id)
    assert {item.id for item in stored} == {item.id for item in first.files}


def test_folders_keep_their_paths(session: Session) -> None:
    result = session.run("import os; os.makedirs('x/y'); open('x/y/z.txt', 'w').write('z')")
    (file,) = result.files
    assert (file.filename, file.path) == ("z.txt", "/mnt/data/x/y/z.txt")


def test_moved_and_deleted_files_are_reported(client: Client, session: Session) -> None:
    made = session.run("import os; os.mkdir('d'); [open(n, 'w').write(n) for n in 'abc']").files
    result = session.run("os.rename('a', 'd/moved'); os.unlink('b')")
    (moved,) = generated(result)
    assert moved.file is not None
    assert (moved.path, moved.renamed_from) == ("/mnt/data/d/moved", "/mnt/data/a")
    assert client.files.read(moved.file.id) == b"a"
    assert deleted(result) == ["/mnt/data/b"]
    # Stored copies of moved and deleted files stay.
    assert [client.files.read(file.id) for file in made] == [b"a", b"b", b"c"]
    result = session.run("os.rename('d', 'e')")
    assert [(item.path, item.renamed_from) for item in generated(result)] == [
        ("/mnt/data/e/moved", "/mnt/data/d/moved")
    ]
    assert deleted(result) == []


def test_changes_by_the_caller_are_not_reported_as_the_codes(session: Session) -> None:
    session.files.write("mine", b"1")
    session.files.write("gone", b"1")
    session.files.delete("gone")
    result = session.run("1")
    assert (generated(result), deleted(result)) == ([], [])


@pytest.mark.core
def test_background_work_is_captured_when_it_is_done(client: Client, session: Session) -> None:
    result = session.run(
        "import subprocess, sys\n"
        "code = '''\n"
        "import time\n"
        'with open("slow.bin", "wb", buffering=0) as file:\n'
        "    for _ in range(20): file.write(bytes(100_000)); time.sleep(0.05)\n"
        'open("done.txt", "w").write("done")\n'
        "'''\n"
        "child = subprocess.Popen([sys.executable, '-c', code])\n"
        "import os, time\n"
        "while not os.path.exists('slow.bin') or not os.path.getsize('slow.bin'): time.sleep(0.01)"
    )
    assert result.files == []
    until(lambda: len(list(client.files.list(session_id=session.id))) == 2)
    files = {file.filename: file for file in client.files.list(session_id=session.id)}
    assert files["slow.bin"].bytes == 2_000_000
    assert {file.execution_id for file in files.values()} == {result.execution.id}
    changes = session.refresh().background_changes
    assert {change.path for change in changes} == {"/mnt/data/slow.bin", "/mnt/data/done.txt"}
    assert generated(session.run("child.wait()")) == []


def test_later_deletes_and_moves_by_a_thread_are_reported(session: Session) -> None:
    session.run("open('a', 'w').write('a'); open('b', 'w').write('b')")
    session.run(
        "import os, threading\n"
        "def later():\n"
        "    os.unlink('a'); os.rename('b', 'c')\n"
        "threading.Timer(0.2, later).start()"
    )
    until(lambda: len(session.refresh().background_changes) == 2)
    moved, gone = session.refresh().background_changes
    assert (moved.path, moved.renamed_from) == ("/mnt/data/c", "/mnt/data/b")
    assert (gone.path, gone.deleted) == ("/mnt/data/a", True)


def test_an_unclosed_file_is_stored_with_its_execution(session: Session) -> None:
    result = session.run(
        "import sqlite3\n"
        "base = sqlite3.connect('base.db')\n"
        "base.execute('create table t (x)'); base.commit()"
    )
    (file,) = result.files
    assert (file.filename, file.mime_type) == ("base.db", "application/vnd.sqlite3")


def test_files_that_are_not_stored_are_named(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server(
        CELLBLOCK_FILES__MAX_CAPTURED_FILES="3",
        CELLBLOCK_FILES__MAX_CAPTURED_BYTES="600000",
        CELLBLOCK_FILES__QUOTA_BYTES="1000000",
    )
    with Client(server.address) as client, client.sessions.create() as session:
        result = session.run("for n in range(5): open(f'{n}', 'w').write('x')")
        assert len(result.files) == 3
        assert generated(result)[-1].skipped_reason == "2 files more than 3 of one execution"
        result = session.run("open('big', 'w').write('x' * 600_001)")
        assert generated(result)[0].skipped_reason == "past 600000 bytes of files of one execution"
        assert session.run("open('fits', 'w').write('x' * 580_000)").files
        result = session.run("open('over', 'w').write('x' * 580_000)")
        assert "past the quota of 1000000 bytes" in generated(result)[0].skipped_reason
        result = session.run(
            "import io, matplotlib.pyplot as plt, numpy as np\n"
            "from IPython.display import Image\n"
            "noise = io.BytesIO(); plt.imsave(noise, np.random.rand(600, 600), cmap='prism')\n"
            "print(len(noise.getvalue()) > 420_000); Image(data=noise.getvalue())"
        )
        assert result.stdout == "True\n"
        assert result.images == []
        assert "image not kept" in result.stderr
        assert "past the quota of 1000000 bytes" in result.stderr
        result = session.run(
            "import os, socket\n"
            "os.symlink('/etc/passwd', 'link'); os.mkfifo('fifo')\n"
            "socket.socket(socket.AF_UNIX).bind('socket')\n"
            "os.makedirs('/'.join('d' * 20)); open('/'.join('d' * 20) + '/deep', 'w').write('x')"
        )
        reasons = {item.path: item.skipped_reason for item in generated(result)}
        assert reasons["/mnt/data/link"] == "is a link"
        assert reasons["/mnt/data/fifo"] == "is a FIFO"
        assert reasons["/mnt/data/socket"] == "is a socket"
        assert any("deep" in reason for reason in reasons.values())


def test_generated_files_outlive_their_session(client: Client) -> None:
    with client.sessions.create() as session:
        (file,) = session.run("open('kept', 'w').write('x')").files
    assert client.files.read(file.id) == b"x"
    client.files.delete(file.id)
    with pytest.raises(NotFoundError):
        client.files.get(file.id)


def test_background_work_has_the_bounds_of_one_execution(
    new_server: Callable[..., ServerProcess],
) -> None:
    server = new_server(CELLBLOCK_FILES__MAX_CAPTURED_FILES="2")
    with Client(server.address) as client, client.sessions.create() as session:
        session.run(
            "import threading\n"
            "def later():\n"
            "    for n in range(5): open(f'late{n}', 'w').write('x')\n"
            "threading.Timer(0.1, later).start()"
        )
        until(lambda: len(session.refresh().background_changes) == 3)
        *_, skipped = session.refresh().background_changes
        assert skipped.skipped_reason == "3 files more than 2 of one execution"
        # The next execution has bounds of its own.
        assert len(session.run("open('next', 'w').write('x')").files) == 1


def test_background_changes_survive_a_killed_server(
    new_server: Callable[..., ServerProcess],
) -> None:
    server = new_server()
    with Client(server.address) as client:
        session = client.sessions.create()
        session.run(
            "import os, threading\n"
            "def later():\n"
            "    while not os.path.exists('go'): pass\n"
            "    open('late', 'w').write('x' * 10)\n"
            "threading.Thread(target=later, daemon=True).start()"
        )
        session.files.write("go", b"")
    server.kill()
    server.start()
    with Client(server.address) as client:
        session = client.sessions.get(session.id)
        until(lambda: [file.bytes for file in client.files.list(session_id=session.id)] == [10])
        session.delete()


def test_records_count_against_the_quota(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server(CELLBLOCK_FILES__QUOTA_BYTES="3000000")
    with Client(server.address) as client, client.sessions.create() as session:
        file = client.files.upload(b"x" * 2_900_000, "x")
        refusals: list[ResourceExhaustedError] = []

        def is_refused() -> bool:
            try:
                session.run("print('x' * 10_000)")
            except ResourceExhaustedError as error:
                refusals.append(error)
            return bool(refusals)

        # The sum that is asked may be a second old.
        until(is_refused)
        assert refusals[0].reason == "STORAGE_QUOTA"
        # That of a refusal is not.
        client.files.delete(file.id)
        assert session.run("1").text == "1"
