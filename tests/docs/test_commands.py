"""Shell commands on the documentation pages work, and print what the page shows."""

import subprocess
from pathlib import Path

import pytest

from tests.support.sample_shell import SampleShell
from tests.support.sample_world import Reader, World
from tests.support.samples import ROOT, Command, Sample, commands, samples

NOT_RUN = {
    "make ": "takes minutes or changes the checkout; `make test` itself is how this runs",
    "pip install": "installs the package that is tested",
    "~/cellblock/bin/pip": "as above",
    "tutorial/bin/pip": "as above",
    "python3 -m venv": "takes long, and nothing is run in it",
    "source .venv/bin/activate": "the tests run in this virtualenv",
    "python examples/": "tests/integration/examples runs each",
    "ssh ": "goes to another machine",
    "python -m benchmarks": "takes minutes; tests/unit/benchmarks and test_benchmarks.py run it",
    ".venv-bench/": "as above",
    "jupyter lab": "goes on until it is stopped; tests/integration/jupyter",
    "papermill": "tests/integration/jupyter/test_papermill.py",
    "cellblock jupyter install --address": "changes this virtualenv; test_install_command.py",
    "cellblock serve": "goes on until it is stopped; each of these tests starts one",
    "cellblock restore": "needs a copy; tests/reliability/test_backup.py",
    "cellblock repl": "needs a terminal; tests/integration/repl",
    "cellblock top": "goes on until it is stopped; tests/integration/cli/test_top.py",
    "cellblock doctor": "tells of this machine; tests/integration/cli/test_doctor.py",
}
"""Beginnings of commands that are not run. All others are, including ones added later."""
RUN = ("cellblock serve create-admin-key", "cellblock top --once", "cellblock top --json")
"""Though it begins so."""
BLOCKS = [sample for sample in samples("console") if not sample.not_run]
RUN_PAGES = sorted({sample.page for sample in BLOCKS})


def is_run(command: Command) -> bool:
    return command.text.startswith(RUN) or not command.text.startswith(tuple(NOT_RUN))


@pytest.mark.parametrize("page", RUN_PAGES)
def test_commands_print_the_output_on_the_page(
    page: str, documented: World, tmp_path: Path
) -> None:
    key = documented.key()
    with documented.client(key) as client:
        reader = Reader(documented, client)
        for number, block in enumerate(block for block in BLOCKS if block.page == page):
            folder = tmp_path / str(number)
            folder.mkdir()
            reader.enter_folder(folder)
            shell = SampleShell(folder, documented.environment(folder, key))
            for command in filter(is_run, commands(block)):
                answer(block, reader, shell, command)
        for session in client.sessions.list():
            # Those that have ended stay so.
            client.sessions.get(session.id).delete()


def answer(block: Sample, reader: Reader, shell: SampleShell, command: Command) -> None:
    done = shell.run(reader.own(command.text), stdin="print('typed')")
    where = f"{block}: {command.text}"
    if command.shown:
        assert command.answers(done.said), f"{where}\nsaid {done.said!r}"
    else:
        assert done.code == 0, f"{where}\nended with {done.code}: {done.said}"


@pytest.mark.parametrize("sample", samples("sh"), ids=str)
def test_shell_scripts_are_valid(sample: Sample) -> None:
    checked = subprocess.run(
        ["bash", "-n"], check=False, input=sample.text, capture_output=True, text=True
    )
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.engine
@pytest.mark.parametrize(
    "sample", [sample for sample in samples("sh") if not sample.not_run], ids=str
)
def test_scripts_run(sample: Sample) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", sample.text],
        check=False, cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout, done.stderr)


def test_each_excluded_command_is_on_a_page() -> None:
    typed = [command for sample in samples("console") for command in commands(sample)]
    unused = [
        start for start in NOT_RUN if not any(command.text.startswith(start) for command in typed)
    ]
    assert unused == []
