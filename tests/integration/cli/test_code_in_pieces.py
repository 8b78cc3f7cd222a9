"""Streamed code, from both clients to a real server."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from secrets import token_hex

import pytest

from cellblock_client import AsyncClient, Client, ExecutionStatus, Place, errors, events
from cellblock_client.client import Session
from tests.integration.cli.proxy import breaking
from tests.support.waiting import until


def step_id() -> str:
    return f"step_{token_hex(8)}"


def until_seen(client: Client, step: str, code: str) -> None:
    """Wait until a run step shows that so much of its code was written."""

    def seen() -> bool:
        try:
            data = client.run_steps.get(step).data
        except errors.NotFoundError:
            return False
        assert isinstance(data, dict)
        (call,) = data["step_details"]["tool_calls"]
        return bool(call["code_interpreter"]["input"] == code)

    until(seen)


def test_code_is_shown_while_it_is_written_and_then_runs(client: Client, session: Session) -> None:
    step = step_id()

    def model() -> Iterator[str]:
        yield "pri"
        until_seen(client, step, "pri")
        yield ""
        yield "nt('é😀')"

    result = session.execute_stream(model(), place=Place(step_id=step)).result()
    assert result.stdout == "é😀\n"
    assert client.executions.get(result.execution.id).code == "print('é😀')"


async def test_code_is_shown_while_it_is_written_and_then_runs_with_asyncio(
    server: str, client: Client
) -> None:
    step = step_id()

    async def model() -> AsyncIterator[str]:
        yield "pri"
        await asyncio.to_thread(until_seen, client, step, "pri")
        yield "nt('written')"

    async with AsyncClient(server) as caller, await caller.sessions.create() as session:
        execution = session.execute_stream(model(), place=Place(step_id=step))
        assert (await execution.result()).stdout == "written\n"
        assert (await session.execute_stream(["1+", "1"]).result()).text == "2"


class ModelError(Exception):
    """The model's stream broke."""


def test_an_exception_of_the_source_is_raised_and_nothing_runs(
    client: Client, session: Session
) -> None:
    def model() -> Iterator[str]:
        yield "open('ran', 'w')"
        raise ModelError

    execution = session.execute_stream(model())
    with pytest.raises(ModelError):
        execution.result()
    assert client.executions.get(execution.id).status is ExecutionStatus.CANCELLED
    assert list(session.files.list()) == []


HELD = ContextVar("HELD", default="")


async def test_all_pieces_are_read_in_one_context(server: str) -> None:
    async def model() -> AsyncIterator[str]:
        # Tracing and time limits set context variables like this; another context can't reset them.
        token = HELD.set("by the model")
        yield "1+"
        yield "1"
        HELD.reset(token)

    async with AsyncClient(server) as caller, await caller.sessions.create() as session:
        assert (await session.execute_stream(model()).result()).text == "2"


async def test_an_exception_of_the_source_is_raised_with_asyncio(server: str) -> None:
    async def model() -> AsyncIterator[str]:
        yield "1"
        raise ModelError

    async with AsyncClient(server) as caller, await caller.sessions.create() as session:
        execution = session.execute_stream(model())
        with pytest.raises(ModelError):
            await execution.result()
        cancelled = await caller.executions.get(execution.id)
        assert cancelled.status is ExecutionStatus.CANCELLED


@pytest.mark.parametrize("piece", [1, "\ud800"])
def test_pieces_that_are_no_text_are_an_error(session: Session, piece: str) -> None:
    with pytest.raises((TypeError, ValueError)):
        session.execute_stream(iter(["1", piece])).result()


def test_a_refusal_comes_before_all_is_written(client: Client, session: Session) -> None:
    refused = threading.Event()

    def model() -> Iterator[str]:
        yield "x" * 2**20
        yield "x"
        refused.wait()

    try:
        with pytest.raises(errors.InvalidArgumentError, match="code: must be at most"):
            session.execute_stream(model()).result()
    finally:
        refused.set()


async def test_async_client_stops_reading_pieces_when_the_server_refuses_the_code(
    server: str,
) -> None:
    model = Model("x" * 2**20, "x")
    async with AsyncClient(server) as caller, await caller.sessions.create() as session:
        with pytest.raises(errors.InvalidArgumentError, match="code: must be at most"):
            await session.execute_stream(model.pieces()).result()
        assert model.is_left


async def test_a_cancelled_asyncio_caller_stops_reading_the_model(
    server: str, client: Client
) -> None:
    model, step = Model("1"), step_id()
    async with AsyncClient(server) as caller, await caller.sessions.create() as session:
        execution = session.execute_stream(model.pieces(), place=Place(step_id=step))
        reading = asyncio.create_task(execution.result())
        await asyncio.to_thread(until_seen, client, step, "1")
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert model.is_left


class Model:
    """One that never ends what it has begun."""

    def __init__(self, *pieces: str) -> None:
        self._pieces = pieces
        self.is_left = False

    async def pieces(self) -> AsyncIterator[str]:
        try:
            for piece in self._pieces:
                yield piece
            await asyncio.Event().wait()
        finally:
            self.is_left = True


def test_a_connection_that_breaks_while_code_is_written_cancels_the_execution(
    server: str, client: Client, session: Session
) -> None:
    step = step_id()
    with breaking(server) as proxy, Client(proxy.address) as caller:

        def model() -> Iterator[str]:
            yield "pri"
            until_seen(client, step, "pri")
            proxy.cut()
            yield "nt('written')"

        own = caller.sessions.get(session.id)
        result = own.execute_stream(model(), place=Place(step_id=step)).result()
    assert result.execution.status is ExecutionStatus.CANCELLED
    assert result.execution.failure is not None
    assert "was not received completely" in result.execution.failure.message
    assert session.run("1").text == "1"


MOMENTS = 1000


async def test_a_connection_that_breaks_while_code_is_written_cancels_with_asyncio(
    server: str, client: Client
) -> None:
    step = step_id()
    with breaking(server) as proxy:
        async with AsyncClient(proxy.address) as caller, await caller.sessions.create() as session:

            async def model() -> AsyncIterator[str]:
                yield "pri"
                await asyncio.to_thread(until_seen, client, step, "pri")
                proxy.cut()
                # At each moment that a connection may be found broken at.
                for _moment in range(MOMENTS):
                    yield "#"
                yield "nt('written')"

            result = await session.execute_stream(model(), place=Place(step_id=step)).result()
            assert result.execution.status is ExecutionStatus.CANCELLED
            assert result.execution.failure is not None
            assert "was not received completely" in result.execution.failure.message
            assert (await session.run("1")).text == "1"


WAIT = """
import os, time
print('first')
while not os.path.exists('go'): time.sleep(0.01)
print('last')
"""


def test_a_connection_that_breaks_while_code_runs_is_replaced(
    server: str, session: Session
) -> None:
    with breaking(server) as proxy, Client(proxy.address) as caller:
        text = ""
        for event in caller.sessions.get(session.id).execute_stream(WAIT):
            if isinstance(event, events.Stdout):
                text += event.text
                if text == "first\n":
                    proxy.cut()
                    session.files.write("go", b"")
    assert text == "first\nlast\n"
