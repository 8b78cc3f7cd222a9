"""The local backend: the same agent without an engine, with and without bubblewrap."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cellblock_client import Client
from cellblock_client.embedded import embedded_server
from tests.support.waiting import until

MODES = ["plain", *(["bubblewrap"] if shutil.which("bwrap") else [])]


@pytest.fixture(params=MODES)
def local(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[str]:
    if request.param == "plain":
        # A PATH that has what is needed, and no bwrap.
        (tmp_path / "bin").mkdir()
        for program in ("prlimit", "sh", "sleep"):
            (tmp_path / "bin" / program).symlink_to(str(shutil.which(program)))
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with embedded_server("local") as address:
        yield address


def test_code_runs_and_files_come_out(local: str) -> None:
    with Client(local) as client, client.sessions.create(environment={"A": "1"}) as session:
        assert session.info.backend == "local"
        session.attach(b"hello", "in.txt")
        result = session.run("import os; open('out.txt', 'w').write(open('in.txt').read())")
        assert client.files.read(result.files[0].id) == b"hello"
        assert session.run("os.environ['A']").text == "'1'"


def test_code_has_the_priority_of_any_other_program(local: str) -> None:
    with Client(local) as client, client.sessions.create() as session:
        assert session.run("import os; os.nice(0)").text == str(os.nice(0))


def test_a_dead_kernel_is_replaced(local: str) -> None:
    with Client(local) as client, client.sessions.create() as session:
        assert session.run("import os; os._exit(3)").failure is not None
        assert session.run("1").text == "1"


def test_nothing_is_left_when_the_server_ends(local: str) -> None:
    with Client(local) as client:
        session = client.sessions.create()
        session.run("import subprocess; subprocess.Popen(['sleep', '98765'])")
        session.delete()
    until(lambda: "98765" not in processes())


def test_a_warning_says_that_it_is_for_trusted_code(
    local: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with embedded_server("local"):
        pass
    assert "It is for trusted code only" in capfd.readouterr().err


@pytest.mark.parametrize("local", [mode for mode in MODES if mode == "bubblewrap"], indirect=True)
def test_bubblewrap_hides_the_machine(local: str, tmp_path: Path) -> None:
    with Client(local) as client, client.sessions.create() as session:
        result = session.run(
            "import os\n"
            f"print(os.getcwd(), os.path.exists('/sys'), os.path.exists({str(tmp_path)!r}))\n"
            "print(len([name for name in os.listdir('/proc') if name.isdecimal()]) < 6)\n"
            "try: open('/usr/x', 'w')\n"
            "except OSError as error: print(type(error).__name__)"
        )
    assert result.stdout == "/mnt/data False False\nTrue\nOSError\n"


def processes() -> str:
    return "".join(
        path.read_text(errors="replace")
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if path.exists()
    )
