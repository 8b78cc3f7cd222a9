"""Results, streams, errors and images, in the order in which they were shown."""

from cellblock.agent.v1 import agent_pb2 as pb
from tests.support.agent import RunningAgent

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)


async def test_the_last_expression_is_the_result(agent: RunningAgent) -> None:
    shown = await agent.run("1 + 1")
    assert shown.kinds() == ["execution_started", "rich", "execution_finished"]
    assert (shown.result, shown.outcome) == ("2", "RAN")


async def test_variables_are_kept(agent: RunningAgent) -> None:
    await agent.run("x = 21")
    assert (await agent.run("x * 2")).result == "42"


async def test_streams_and_child_processes_keep_their_order(agent: RunningAgent) -> None:
    shown = await agent.run(
        "import os, sys\n"
        "print('a'); print('b', file=sys.stderr); os.system('echo c'); print('d')\n"
        "os.system('echo e >&2'); print('f')"
    )
    pieces = [
        (event.stream_text.name, event.stream_text.text)
        for event in shown.events
        if event.HasField("stream_text")
    ]
    out, err = pb.STREAM_NAME_STDOUT, pb.STREAM_NAME_STDERR
    assert pieces == [(out, "a\n"), (err, "b\n"), (out, "c\nd\n"), (err, "e\n"), (out, "f\n")]


async def test_a_child_may_be_given_the_stream_itself(agent: RunningAgent) -> None:
    shown = await agent.run(
        "import subprocess, sys; _ = subprocess.run(['echo', 'hey'], stdout=sys.stdout)"
    )
    assert shown.text() == "hey\n"


async def test_a_character_in_two_writes_stays_one(agent: RunningAgent) -> None:
    shown = await agent.run(
        "import os, time\n"
        "os.write(1, b'\\xf0\\x9f'); time.sleep(0.1); _ = os.write(1, b'\\x98\\x80\\n')"
    )
    assert shown.text() == "😀\n"


async def test_bytes_that_are_no_text_are_replaced(agent: RunningAgent) -> None:
    shown = await agent.run("import os; _ = os.write(1, b'\\xff\\xfe ok\\n'); print('\\ud800')")
    assert "\N{REPLACEMENT CHARACTER} ok" in shown.text()


async def test_an_exception_is_shown_and_the_execution_ran(agent: RunningAgent) -> None:
    shown = await agent.run("1 / 0")
    assert (shown.error.name, shown.error.value) == ("ZeroDivisionError", "division by zero")
    assert shown.outcome == "RAN"


async def test_input_fails_immediately(agent: RunningAgent) -> None:
    shown = await agent.run("input('name? ')")
    assert shown.error.name == "StdinNotImplementedError"
    assert "code runs without a user to answer" in shown.error.value


async def test_top_level_await_ends_immediately(agent: RunningAgent) -> None:
    shown = await agent.run("import asyncio; await asyncio.sleep(0.01); 'done'")
    assert shown.result == "'done'"
    assert shown.end.execution_count == 1


async def test_a_cell_is_transformed_once(agent: RunningAgent) -> None:
    """ipykernel requests it, and IPython again."""
    await agent.run(
        "lines_seen = []\n"
        "def see(lines): lines_seen.extend(lines); return lines\n"
        "get_ipython().input_transformers_cleanup.append(see)"
    )
    await agent.run("!true")
    # The same text later is another cell.
    await agent.run("!true")
    assert (await agent.run("lines_seen")).result == "['!true\\n', '!true\\n', 'lines_seen\\n']"


async def test_words_of_asynchronous_code_mean_nothing_in_other_code(agent: RunningAgent) -> None:
    assert (await agent.run("'async', 'await'")).result == "('async', 'await')"
    shown = await agent.run("async def f(): return 1\n[x async for x in [1]]")
    assert shown.error.name == "TypeError"


async def test_an_image_comes_as_bytes(agent: RunningAgent) -> None:
    shown = await agent.run(
        f"from IPython.display import Image, display; import base64\n"
        f"display(Image(data=base64.b64decode('{PIXEL}')))"
    )
    (rich,) = (event.rich for event in shown.events if event.HasField("rich"))
    assert rich.data["image/png"].startswith(b"\x89PNG")


async def test_images_past_the_limit_are_replaced_by_a_notice(agent: RunningAgent) -> None:
    shown = await agent.run(
        f"from IPython.display import Image, display; import base64\n"
        f"for _ in range(3): display(Image(data=base64.b64decode('{PIXEL}')))"
    )
    assert shown.kinds().count("rich") == 3  # the third without its image
    assert "there were 2 images already" in shown.text(pb.STREAM_NAME_STDERR)


async def test_output_past_the_limit_is_cut_and_counted(agent: RunningAgent) -> None:
    shown = await agent.run("print('x' * 5_000_000)", max_text_bytes=1000)
    assert shown.text() == "x" * 1249 + "\n"
    (cut,) = (event.output_cut for event in shown.events if event.HasField("output_cut"))
    assert (cut.omitted_bytes, cut.limit_value) == (5_000_001 - 1250, 1000)
    assert cut.limit == pb.OUTPUT_LIMIT_TEXT


async def test_what_was_written_takes_no_memory_in_the_kernel(agent: RunningAgent) -> None:
    used = "import resource; resource.getrusage(resource.RUSAGE_SELF).ru_maxrss"
    before = int((await agent.run(used)).result)
    await agent.run("for _ in range(300): print('x' * 2**20)")
    after = int((await agent.run(used)).result)
    assert after - before < 150_000  # KiB: half of what was written; on a busy machine more waits


async def test_late_output_of_a_child_process_is_kept(agent: RunningAgent) -> None:
    await agent.run(
        "import subprocess; child = subprocess.Popen('read line; echo late', shell=True, "
        "stdin=subprocess.PIPE)"
    )
    shown = await agent.run("child.communicate(b'go\\n')")
    assert shown.text() == "late\n"


async def test_late_output_of_a_thread_belongs_to_no_execution(agent: RunningAgent) -> None:
    await agent.run(
        "import threading\n"
        "go = threading.Event()\n"
        "def late(): go.wait(); print('late')\n"
        "threading.Thread(target=late).start()"
    )
    shown = await agent.run("go.set()")
    assert shown.text() == ""
    text = ""
    while not text.endswith("\n"):
        event = await agent.next_event()
        assert event.execution_id == ""
        text += event.stream_text.text
    assert text == "late\n"
