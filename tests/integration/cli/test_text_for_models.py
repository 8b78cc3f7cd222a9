"""`cellblock run --for-model` and `cellblock logs --format model`."""

from pathlib import Path

from cellblock_client import Client
from cellblock_client.client import Session
from tests.integration.cli.command import cellblock


def test_run_prints_the_text_for_a_model(server: str, tmp_path: Path) -> None:
    code = "print('a'); open('x.txt', 'w').write('1')\n1 / 0"
    done = cellblock("run", "--for-model", "-", cwd=tmp_path, address=server, stdin=code)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("a\n")
    assert done.stdout.endswith(
        "ZeroDivisionError: division by zero\n"
        "Files created or changed:\n- sandbox:/mnt/data/x.txt (1 bytes)\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_run_names_the_time_limit(server: str, tmp_path: Path) -> None:
    options = ("--for-model", "--time-limit", "1", "-")
    code = "import time; time.sleep(60)"
    done = cellblock("run", *options, cwd=tmp_path, address=server, stdin=code)
    assert done.returncode == 3
    assert "[Stopped: the code ran longer than its time limit of 1 second." in done.stdout


def test_the_length_goes_with_for_model(server: str, tmp_path: Path) -> None:
    options = ("--for-model", "--max-characters", "1000", "-")
    code = "print('word ' * 10_000)"
    done = cellblock("run", *options, cwd=tmp_path, address=server, stdin=code)
    assert len(done.stdout) <= 1_001
    assert "characters were left out here" in done.stdout
    refused = cellblock(
        "run", "--max-characters", "1000", "-", cwd=tmp_path, address=server, stdin=code
    )
    assert (refused.returncode, "goes with --for-model" in refused.stderr) == (2, True)


def test_logs_have_the_text_of_each_execution(
    server: str, client: Client, session: Session, tmp_path: Path
) -> None:
    first, second = session.run("print('one')"), session.run("x = 2")
    done = cellblock("logs", session.id, "--format", "model", cwd=tmp_path, address=server)
    assert done.stdout == (f"── {first.execution.id}\none\n── {second.execution.id}\n[No output]\n")
