"""Messages are sent in order and completely, and the thread is woken once for many."""

import threading
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import zmq

from cellblock_agent.kernel.upstream.publisher import HOLD_SECONDS, MAX_WAITING, Publisher

RECEIVE_MILLISECONDS = 20_000
NEVER = 3600.0
"""Seconds; messages that are sent within a test are sent for another reason."""


class Counting(Publisher):
    """Publisher that counts the messages sent in each turn of its thread."""

    def __init__(self, socket: "zmq.Socket[bytes]", hold_seconds: float) -> None:
        super().__init__(socket, hold_seconds=hold_seconds)
        self.turns: list[int] = []

    def _handle_event(self, message: object) -> None:
        self.turns.append(len(self._events))
        super()._handle_event(message)  # type: ignore[no-untyped-call]


@dataclass
class Channel:
    publisher: Counting
    reader: "zmq.Socket[bytes]"

    def write(self, *words: str) -> None:
        for word in words:
            self.publisher.send_multipart([word.encode(), b"end"])

    def read(self, count: int) -> list[str]:
        messages = [self.reader.recv_multipart() for _ in range(count)]
        assert {message[1] for message in messages} <= {b"end"}
        return [message[0].decode() for message in messages]


@pytest.fixture
def hold() -> float:
    return HOLD_SECONDS


@pytest.fixture
def channel(hold: float) -> Iterator[Channel]:
    with zmq.Context() as context, context.socket(zmq.PUSH) as out, context.socket(zmq.PULL) as in_:
        out.linger = 0
        in_.rcvtimeo = RECEIVE_MILLISECONDS
        out.bind("inproc://output")
        in_.connect("inproc://output")
        publisher = Counting(out, hold)
        publisher.start()  # type: ignore[no-untyped-call]
        yield Channel(publisher, in_)
        publisher.stop()  # type: ignore[no-untyped-call]


def test_messages_wait_for_each_other_but_not_long(channel: Channel) -> None:
    channel.write("a", "b", "c")
    assert channel.read(3) == ["a", "b", "c"]
    channel.write("d")  # the timer starts again
    assert channel.read(1) == ["d"]


@pytest.mark.parametrize("hold", [NEVER])
def test_who_cannot_wait_takes_along_what_waits(channel: Channel) -> None:
    channel.write("a", "b", "c")
    channel.publisher.wake()
    assert channel.read(3) == ["a", "b", "c"]
    channel.write("d")
    channel.publisher.schedule(lambda: None)
    assert channel.read(1) == ["d"]
    assert channel.publisher.turns == [3, 2]


def test_an_interrupted_writer_leaves_nothing_behind(channel: Channel) -> None:
    class Interrupting(deque[Any]):
        def append(self, item: object) -> None:
            super().append(item)
            raise KeyboardInterrupt

    channel.publisher._events = Interrupting()
    with pytest.raises(KeyboardInterrupt):
        channel.write("a")
    assert channel.read(1) == ["a"]


def test_a_timer_without_its_flag_does_not_keep_the_thread_busy(channel: Channel) -> None:
    """A writer may be interrupted after it has started the timer."""
    publisher, fired = channel.publisher, threading.Event()
    publisher._events.append(fired.set)
    publisher._timer.start()
    assert fired.wait(20)
    channel.write("a")
    assert channel.read(1) == ["a"]
    assert publisher.turns == [1, 1]


@pytest.mark.parametrize("hold", [NEVER])
def test_what_fails_does_not_hold_up_what_comes_after(
    channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ValueError("it fails")

    channel.publisher.schedule(fail, wake=False)
    channel.write("a")
    channel.publisher.wake()
    assert channel.read(1) == ["a"]
    assert "it fails" in caplog.text


def test_writers_side_by_side_lose_nothing_and_keep_their_order(channel: Channel) -> None:
    count, writers = 1000, 8

    def write(writer: int) -> None:
        for number in range(count):
            channel.publisher.background_socket.send_multipart(
                [f"{writer} {number}".encode(), b"end"]
            )

    threads = [threading.Thread(target=write, args=[writer]) for writer in range(writers)]
    for thread in threads:
        thread.start()
    next_number: Counter[str] = Counter()
    for word in channel.read(count * writers):
        writer, number = word.split()
        assert next_number[writer] == int(number)
        next_number[writer] += 1
    for thread in threads:
        thread.join()


def test_a_writer_waits_while_too_much_waits(channel: Channel) -> None:
    publisher, count = channel.publisher, 10 * MAX_WAITING
    stuck, go_on, most = threading.Event(), threading.Event(), 0

    def be_stuck() -> None:
        stuck.set()
        go_on.wait()

    def write() -> None:
        nonlocal most
        for number in range(count):
            publisher.background_socket.send_multipart([b"%d" % number, b"end"])
            most = max(most, len(publisher._events))

    publisher.schedule(be_stuck)
    stuck.wait()
    writer = threading.Thread(target=write)
    writer.start()
    writer.join(0.2)
    assert writer.is_alive()
    go_on.set()
    assert channel.read(count) == [str(number) for number in range(count)]
    writer.join()
    assert most <= MAX_WAITING + 2
