"""Output is complete and in order, however much there is and whatever happens meanwhile."""

import pytest

from cellblock.agent.v1 import agent_pb2 as pb
from tests.support.agent import RunningAgent

CELLS = 20
COUNT_WAKES = """
import threading
publisher, wakes = get_ipython().kernel.iopub_thread, []
_wake, _main = publisher.wake, threading.main_thread()
# Not by itself, as it is when text has waited.
publisher.wake = lambda: (wakes.append(threading.current_thread() is _main), _wake())
"""
INTERRUPTED = """
import os, random, signal, threading, time
from IPython.display import display

ready, caught = False, 0

def interrupt(number, frame):
    global ready
    if ready:
        ready = False
        raise KeyboardInterrupt

def interrupt_often():
    for _ in range(400):
        time.sleep(random.random() / 500)
        os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, interrupt)
others = threading.Thread(target=interrupt_often)
others.start()
number = 0
while others.is_alive():
    try:
        ready = True
        while others.is_alive():
            number += 1
            display(number)
            print(number, flush=number % 5 == 0)
            if number % 3 == 0:
                print(number, file=sys.stderr)
    except KeyboardInterrupt:
        caught += 1
ready = False
caught
"""
THREADS = """
import sys, threading

def write(name):
    for number in range(500):
        sys.stdout.write(f"{name} {number}\\n")

threads = [threading.Thread(target=write, args=[name]) for name in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def numbers_of(events: list[pb.Event]) -> list[int]:
    """Return the numbers that were shown or written, each on a line of its own.

    `print` writes a line's end by itself: it may be sent separately from the line.
    """
    texts = (event.stream_text.text or event.rich.data["text/plain"].decode() for event in events)
    return [int(line) for text in texts for line in text.splitlines() if line]


async def test_the_sending_thread_is_woken_once_for_a_quick_cell(agent: RunningAgent) -> None:
    await agent.run(COUNT_WAKES)
    for code in ("1 + 1", "print('text')"):
        await agent.run("wakes.clear()")
        for _ in range(CELLS):
            await agent.run(code)
        # The cell that counts has reported its beginning only.
        assert (await agent.run("sum(wakes)")).result == str(CELLS + 1)


async def test_what_a_cell_shows_comes_in_its_order(agent: RunningAgent) -> None:
    shown = await agent.run(
        "from IPython.display import display\nimport sys\n"
        "for number in range(0, 900, 3):\n"
        "    print(number); display(number + 1); print(number + 2, file=sys.stderr)\n"
    )
    assert numbers_of(shown.events) == list(range(900))


async def test_what_is_shown_comes_while_the_code_goes_on(agent: RunningAgent) -> None:
    name = await agent.start(
        "from pathlib import Path\nfrom IPython.display import display\nimport time\n"
        "display('here')\n"
        "while not Path('seen').exists(): time.sleep(0.01)\n"
    )
    seen: list[pb.Event] = []
    async for batch in agent.stream:
        seen += batch
        agent.acknowledged = seen[-1].sequence
        await agent.stream.acknowledge(agent.acknowledged)
        if seen[-1].HasField("rich"):
            break
    assert [event.WhichOneof("event") for event in seen] == ["execution_started", "rich"]
    (agent.data / "seen").touch()
    assert [event.WhichOneof("event") for event in (await agent.read(name)).events] == [
        "execution_finished"
    ]


async def test_interrupts_break_no_message(
    agent: RunningAgent, capfd: pytest.CaptureFixture[str]
) -> None:
    """An interrupt between two frames of a message would: see `kernel_publisher`."""
    await agent.run("import sys")
    shown = await agent.run(INTERRUPTED, max_events=100_000)
    assert "not Jupyter's" not in capfd.readouterr().err
    assert shown.outcome == "RAN"
    *numbers, caught = numbers_of([event for event in shown.events if event.HasField("rich")])
    assert numbers == sorted(set(numbers))
    assert caught > 100


async def test_threads_that_write_side_by_side_lose_nothing(agent: RunningAgent) -> None:
    shown = await agent.run(THREADS)
    lines = [line.split() for line in shown.text().splitlines()]
    for name in range(8):
        assert [int(number) for own, number in lines if own == str(name)] == list(range(500))
