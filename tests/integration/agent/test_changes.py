"""Each change is reported once, completely, and with the execution that made it."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.files.file_watch import STEP_SECONDS
from tests.support.agent import RunningAgent, changed_paths, chunks
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow


def moves(changes: pb.FileChanges) -> dict[str, str]:
    return {change.renamed_from: change.file.path for change in changes.changed}


async def test_an_execution_tells_what_it_moved_and_deleted(agent: RunningAgent) -> None:
    await agent.run("for name in 'abc': open(name, 'w').write(name)")
    shown = await agent.run("import os; os.rename('a', 'moved'); os.remove('b'); open('d', 'w')")
    assert moves(shown.end.changes) == {"a": "moved", "": "d"}
    assert list(shown.end.changes.deleted) == ["b"]


async def test_what_the_server_removes_is_not_deleted_by_code(agent: RunningAgent) -> None:
    await agent.run("import os; os.mkdir('d'); open('d/a', 'w'); open('b', 'w')")
    await agent.connection.remove_file("d", recursive=True)
    await agent.connection.remove_file("b")
    shown = await agent.run("os.listdir()")
    assert (shown.result, shown.end.changes) == ("[]", pb.FileChanges())


async def test_a_renamed_attachment_is_a_moved_file(agent: RunningAgent) -> None:
    await agent.connection.write_file("in.csv", chunks(b"1"), exclusive=True, alias="file-1")
    shown = await agent.run("import os; os.rename('in.csv', 'out.csv')")
    assert moves(shown.end.changes) == {"in.csv": "out.csv"}


WRITER = """
import subprocess, sys, textwrap
writer = subprocess.Popen([sys.executable, '-uc', textwrap.dedent('''
    import sys, time
    with open("log", "w") as file:
        print("begun")
        for line in range({lines}):
            file.write("x" * 1000)
            file.flush()
            time.sleep(0.02)
''')], stdout=subprocess.PIPE)
writer.stdout.readline()
"""


async def test_a_file_that_a_process_writes_to_is_reported_when_it_is_complete(
    agent: RunningAgent,
) -> None:
    shown = await agent.run(WRITER.format(lines=50) + "open('own', 'w').write('1')")
    assert shown.changed == ["own"]
    reported = await agent.next_changes()
    assert changed_paths(reported) == ["log"]
    assert reported.changed[0].file.bytes == 50_000
    assert await agent.read_file("log") == b"x" * 50_000


async def test_a_process_that_is_soon_done_belongs_to_its_execution(agent: RunningAgent) -> None:
    shown = await agent.run(
        "import subprocess\n"
        "child = subprocess.Popen('exec > late; echo begun >&2; sleep 0.2', shell=True,"
        " stderr=subprocess.PIPE)\n"
        "child.stderr.readline()"
    )
    assert shown.changed == ["late"]


async def test_a_file_that_is_left_open_is_reported_with_its_execution(agent: RunningAgent) -> None:
    shown = await agent.run("kept = open('kept', 'w'); print('1', file=kept, flush=True)")
    assert shown.changed == ["kept"]


async def test_a_database_that_is_left_connected_is_reported_with_its_execution(
    agent: RunningAgent,
) -> None:
    shown = await agent.run(
        "import sqlite3; base = sqlite3.connect('base.db')\n"
        "base.execute('create table t (x)'); base.commit()"
    )
    assert shown.changed == ["base.db"]


async def test_an_execution_that_leaves_nothing_open_is_not_kept_waiting(
    agent: RunningAgent,
) -> None:
    took = []
    for number in range(10):
        began = time.monotonic()
        await agent.run(f"open('{number}', 'w').write('1')")
        took.append(time.monotonic() - began)
    assert min(took) < STEP_SECONDS


async def test_an_execution_is_over_though_a_process_writes_on_and_on(
    agent: RunningAgent,
) -> None:
    shown = await agent.run(WRITER.format(lines=10_000))
    assert shown.changed == []
    shown = await agent.run("writer.kill(); writer.wait()")
    assert shown.changed == ["log"]


async def test_changes_while_nothing_runs_are_reported(agent: RunningAgent) -> None:
    await agent.run("open('a', 'w').write('1'); open('b', 'w').write('1')")
    (agent.data / "new").write_text("1")
    (agent.data / "a").unlink()
    (agent.data / "b").rename(agent.data / "c")
    reported = pb.FileChanges()
    while len(reported.changed) < 2:
        reported.MergeFrom(await agent.next_changes())
    assert moves(reported) == {"": "new", "b": "c"}
    assert list(reported.deleted) == ["a"]


async def test_a_file_that_changes_continuously_is_reported_when_it_stops(
    agent: RunningAgent,
) -> None:
    """The file is opened and closed each time, so that it is closed most of the time."""
    busy = agent.data / "busy"

    async def write() -> None:
        for _number in range(40):
            with busy.open("a") as file:
                file.write("x")
            await asyncio.sleep(0.05)

    writing = asyncio.create_task(write())
    reported = await agent.next_changes()
    await writing
    assert reported.changed[0].file.bytes == 40


async def test_one_report_at_a_time_waits_for_the_server(agent: RunningAgent) -> None:
    """While a server is away, the agent does not collect more and more reports."""
    agent.stream.cancel()
    (agent.data / "first").write_text("1")
    async with asyncio.timeout(20):
        while (await agent.connection.status()).last_sequence == 0:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    for name in "abc":
        (agent.data / name).write_text("1")
    await agent.open_stream()
    assert changed_paths(await agent.next_changes()) == ["first"]
    assert changed_paths(await agent.next_changes()) == ["a", "b", "c"]


async def test_an_execution_reports_earlier_unreported_changes(
    agent: RunningAgent,
) -> None:
    (agent.data / "late").write_text("1")
    shown = await agent.run("1")
    # Unless a scan came in between.
    before = [changed_paths(event.background_changes) for event in agent.background]
    assert [*before, shown.changed][0] == ["late"]


async def test_looking_costs_next_to_nothing(agent: RunningAgent) -> None:
    before = cpu_seconds(agent.process.pid)
    began = time.monotonic()
    for number in range(3):
        (agent.data / f"{number}").write_text("1")
        await agent.next_changes()
    assert cpu_seconds(agent.process.pid) - before < 0.1 * (time.monotonic() - began) + 0.1


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def test_code_hides_nothing_by_its_name(agent: RunningAgent) -> None:
    shown = await agent.run("open('.cellblock-0123456789abcdef', 'w').write('1')")
    assert shown.changed == [".cellblock-0123456789abcdef"]
    listing = await agent.connection.list_files(10)
    assert [entry.path for entry in listing.files] == [".cellblock-0123456789abcdef"]


async def test_a_folder_that_code_closed_does_not_end_the_agent(agent: RunningAgent) -> None:
    await agent.run("import os; os.mkdir('d'); open('d/a', 'w'); os.chmod('d', 0o444)")
    assert (await agent.run("1")).result == "1"
    await agent.connection.remove_file("d", recursive=True)
    await eventually(lambda: not list(agent.data.iterdir()))
