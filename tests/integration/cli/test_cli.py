"""The CLI as a user types it, with a temporary server where none is configured."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image as Picture

from cellblock_client import Client
from cellblock_client.client import Session
from tests.integration.cli.command import cellblock
from tests.support.screen import CTRL_D, ENTER, TAB, at_a_terminal
from tests.support.waiting import until

ROOT = Path(__file__).parent.parent.parent.parent
PLOT = (
    "import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show(); open('a.txt', 'w').write('x')"
)


def test_run_starts_a_server_when_none_is_configured(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a\n1\n2\n")
    (tmp_path / "code.py").write_text("print(open('data.csv').read()); 6 * 7")
    arguments = ("run", "--attach", "data.csv", "code.py")
    done = cellblock(*arguments, cwd=tmp_path, own_interpreter=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "a\n1\n2\n\n42\n", "")


def test_run_reads_standard_input(server: str, tmp_path: Path) -> None:
    done = cellblock("run", "-", cwd=tmp_path, address=server, stdin="print('from stdin')")
    assert (done.returncode, done.stdout) == (0, "from stdin\n")


def test_run_sets_environment_variables(server: str, tmp_path: Path) -> None:
    code = "import os; print(os.environ['A'], os.environ['B'])"
    given = ("--env", "A=1", "--env", "B=x=y")
    done = cellblock("run", *given, "-", cwd=tmp_path, address=server, stdin=code)
    assert (done.returncode, done.stdout) == (0, "1 x=y\n")
    refused = cellblock("run", "--env", "A", "-", cwd=tmp_path, address=server, stdin=code)
    assert (refused.returncode, "'A' is not NAME=VALUE" in refused.stderr) == (2, True)


def test_logs_show_late_output_without_control_sequences(
    server: str, session: Session, tmp_path: Path
) -> None:
    session.run(
        "import threading; go = threading.Event()\n"
        "threading.Thread(target=lambda: go.wait() and print('late\\x1b]0;title\\x07')).start()"
    )
    session.run("go.set()")
    until(lambda: "late" in session.refresh().background_output)
    for command in (("logs", session.id), ("sessions", "show", session.id)):
        done = cellblock(*command, cwd=tmp_path, address=server)
        assert "late]0;title" in done.stdout
        assert "\x1b" not in done.stdout


def test_run_keeps_all_of_a_flood(server: str, tmp_path: Path) -> None:
    code = "print('x' * 3_000_000)"
    done = cellblock("run", "-", cwd=tmp_path, address=server, stdin=code)
    assert "bytes of output left out: the limit is 1048576 bytes]" in done.stderr
    assert "[all of the output: out/output-1.txt]" in done.stderr
    assert (tmp_path / "out" / "output-1.txt").read_text() == "x" * 3_000_000 + "\n"


def test_run_saves_images_and_files_and_says_where(server: str, tmp_path: Path) -> None:
    for _ in range(2):  # nothing is overwritten
        done = cellblock("run", "-", cwd=tmp_path, address=server, stdin=PLOT)
        assert done.returncode == 0
    notes = done.stderr.splitlines()
    assert notes[0].startswith("[image: out/image-")
    assert notes[1] == "[file: out/a-2.txt]"
    with Picture.open(next((tmp_path / "out").glob("*.png"))) as picture:
        assert picture.format == "PNG"


@pytest.mark.parametrize(
    ("code", "options", "exit_code", "said"),
    [
        ("1 / 0", [], 1, "ZeroDivisionError: division by zero"),
        ("while True: pass", ["--time-limit", "0.5"], 3, "time limit of 0.5 s reached"),
        ("import os; os._exit(3)", [], 3, "the kernel died: exit code 3"),
    ],
)
def test_the_exit_code_tells_how_it_ended(
    server: str, tmp_path: Path, code: str, options: list[str], exit_code: int, said: str
) -> None:
    done = cellblock("run", *options, "-", cwd=tmp_path, address=server, stdin=code)
    assert done.returncode == exit_code
    assert said in done.stderr


def test_errors_are_one_line(tmp_path: Path, server: str) -> None:
    done = cellblock("run", "-", cwd=tmp_path, address=server, stdin=" ")
    assert (done.returncode, done.stderr) == (2, "cellblock: code: is empty\n")
    done = cellblock("sessions", "show", "sess_no", cwd=tmp_path, address=server)
    assert (done.returncode, done.stderr) == (2, "cellblock: no session 'sess_no'\n")
    done = cellblock("sessions", cwd=tmp_path, address="127.0.0.1:1")
    assert done.returncode == 2
    assert "Connection refused" in done.stderr
    assert "Traceback" not in done.stderr


def test_sessions_are_listed_shown_and_ended(server: str, tmp_path: Path) -> None:
    session_id = cellblock("sessions", "create", cwd=tmp_path, address=server).stdout.strip()
    assert session_id in cellblock("sessions", cwd=tmp_path, address=server).stdout
    shown = cellblock("sessions", "show", session_id, cwd=tmp_path, address=server).stdout
    assert "state: READY" in shown
    cellblock("sessions", "restart", session_id, cwd=tmp_path, address=server)
    cellblock("sessions", "delete", session_id, cwd=tmp_path, address=server)
    shown = cellblock("sessions", "show", session_id, cwd=tmp_path, address=server).stdout
    assert "state: DELETED" in shown
    assert "kernel_generation: 2" in shown


def test_files_are_uploaded_and_downloaded(server: str, tmp_path: Path) -> None:
    (tmp_path / "up.txt").write_text("hello")
    file_id = cellblock("files", "upload", "up.txt", cwd=tmp_path, address=server).stdout.strip()
    assert file_id in cellblock("files", cwd=tmp_path, address=server).stdout
    cellblock("files", "download", file_id, "down.txt", cwd=tmp_path, address=server)
    assert (tmp_path / "down.txt").read_text() == "hello"
    again = cellblock("files", "download", file_id, "down.txt", cwd=tmp_path, address=server)
    assert again.returncode != 0
    assert "down.txt exists" in again.stderr
    cellblock("files", "delete", file_id, cwd=tmp_path, address=server)
    assert file_id not in cellblock("files", cwd=tmp_path, address=server).stdout


def test_logs_show_what_a_session_ran(server: str, session: Session, tmp_path: Path) -> None:
    session.run("print('one')")
    session.run("open('x', 'w').write('1'); 1 / 0")
    log = cellblock("logs", session.id, cwd=tmp_path, address=server).stdout
    order = ["print('one')", "\none\n", "1 / 0", "ZeroDivisionError", "/mnt/data/x, 1 bytes]"]
    places = [log.index(part) for part in order]
    assert places == sorted(places)


def test_a_terminal_is_safe_from_what_code_prints(
    server: str, session: Session, tmp_path: Path
) -> None:
    code = "print('\\x1b]0;title\\x07\\x1b[31mred\\x1b[0m\\x1b[2J\\x9b2J')"
    done = cellblock("run", "--session", session.id, "-", cwd=tmp_path, address=server, stdin=code)
    assert done.stdout == "]0;titlered[2J2J\n"
    log = cellblock("logs", session.id, cwd=tmp_path, address=server).stdout
    assert "\x1b]" not in log


def test_the_repl_completes_in_a_container(server: str, client: Client, tmp_path: Path) -> None:
    # The rest of it is in tests/integration/repl, without containers.
    with at_a_terminal("repl", "--address", server, folder=tmp_path, NO_COLOR="1") as screen:
        screen.wait_for_line(">>>")
        screen.enter("unusual_name = 20")
        screen.type(f"unusual_na{TAB}")
        screen.wait_for_line(">>> unusual_name")
        screen.type(f" + 1{ENTER}")
        screen.wait_for("\n21\n>>>")
        screen.type(CTRL_D)
        assert screen.exit_code() == 0
        assert client.sessions.get(screen.session_id).info.end_reason == "DELETED"


def test_serve_is_the_server(tmp_path: Path) -> None:
    done = cellblock("serve", "--listen", "8.8.8.8:1", cwd=tmp_path, own_interpreter=True)
    assert done.returncode == 2
    assert "is not a loopback address" in done.stderr
    assert "--state-dir" in cellblock("serve", "--help", cwd=tmp_path).stdout


def test_the_readmes_example_works(server: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "quickstart.py"],
        cwd=tmp_path,
        env={**os.environ, "CELLBLOCK_ADDRESS": server},
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    assert done.stdout == "4426.0 mm of rain\n"
    (chart,) = tmp_path.glob("*.png")
    with Picture.open(chart) as picture:
        assert len(picture.convert("RGB").getcolors(2**24) or []) > 1


def test_the_demo_works(server: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "demo.py"],
        cwd=tmp_path,
        env={**os.environ, "CELLBLOCK_ADDRESS": server},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("out/monthly.png and out/monthly.xlsx are right.\n")
