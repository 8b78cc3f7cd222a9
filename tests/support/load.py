"""Work that runs beside a test until the test ends it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from secrets import token_bytes

from cellblock_client import Client
from tests.support.waiting import until

ROUNDS = 3
"""Repetitions of each function before the test continues, and again before it ends."""
SECONDS = 120
"""Bound on that, on a machine that has much else to do."""


class Load:
    """Functions that run repeatedly in threads, with a count of their repetitions."""

    def __init__(self, works: list[Callable[[], None]]) -> None:
        self._over = threading.Event()
        self._done = [0 for _ in works]
        self._errors: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._repeat, args=(number, work))
            for number, work in enumerate(works)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        assert self._errors == []

    def wait_for_progress(self) -> None:
        """Wait until each function has run a few more times."""
        wanted = [done + ROUNDS for done in self._done]

        def seen() -> bool:
            enough = all(done >= least for done, least in zip(self._done, wanted, strict=True))
            return enough or bool(self._errors)

        until(seen, SECONDS)
        assert self._errors == []

    def _repeat(self, number: int, work: Callable[[], None]) -> None:
        try:
            while not self._over.is_set():
                work()
                self._done[number] += 1
        except BaseException as error:  # noqa: BLE001 - raised by the waiting thread
            self._errors.append(error)


@contextmanager
def under_load(address: str) -> Iterator[Load]:
    """Upload and delete files, and run code, while the block runs."""
    with Client(address) as client, client.sessions.create() as session:

        def files_come_and_go() -> None:
            kept = client.files.upload(token_bytes(100_000), "kept")
            client.files.delete(client.files.upload(token_bytes(100_000), "gone").id)
            assert client.files.get(kept.id).bytes == 100_000

        def code_runs() -> None:
            result = session.run("open('new', 'wb').write(__import__('os').urandom(1000)); 'shown'")
            assert result.text == "'shown'"

        load = Load([files_come_and_go, code_runs])
        load.start()
        try:
            load.wait_for_progress()
            yield load
            load.wait_for_progress()
        finally:
            load.stop()
