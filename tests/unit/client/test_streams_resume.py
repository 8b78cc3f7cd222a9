"""A broken event stream resumes where it broke, without lost or repeated events."""

import threading
from collections.abc import Iterator
from concurrent import futures
from queue import SimpleQueue
from typing import Any

import grpc
import pytest

from cellblock.v1 import execution_pb2 as pb
from cellblock.v1 import execution_pb2_grpc
from cellblock_client import AsyncClient, AsyncExecution, Client, Execution, errors
from cellblock_client._backend_sync import MAX_ENDING
from cellblock_client.code_stream import AsyncCodeStream, CodeStream

WAIT_SECONDS = 30


def event(sequence: int) -> pb.ExecutionEvent:
    found = pb.ExecutionEvent(execution_id="call_1", sequence=sequence)
    if sequence == 5:
        status = pb.EXECUTION_STATUS_COMPLETED
        found.completed.execution.CopyFrom(pb.Execution(id="call_1", status=status))
    else:
        found.stdout.text = str(sequence)
    return found


class Breaking(execution_pb2_grpc.ExecutionServiceServicer):
    """Serves five events; each stream breaks after as many as `breaks` says."""

    def __init__(self) -> None:
        self.breaks: list[int] = []
        self.asked: list[tuple[str, int | str]] = []
        self.skip = 0
        self.may_end = threading.Event()
        """Event that streams wait for before they end, after their last event."""
        self.may_end.set()
        self.had_callers: SimpleQueue[bool] = SimpleQueue()
        """For each stream that ended, whether its caller was still connected."""

    def Execute(self, request: Any, context: Any) -> Iterator[pb.ExecuteResponse]:  # noqa: N802
        self.asked.append(("Execute", 1))
        for found in self._events(1, context):
            yield pb.ExecuteResponse(events=[found])

    def ExecuteStream(  # noqa: N802
        self, request_iterator: Any, context: Any
    ) -> Iterator[pb.ExecuteStreamResponse]:
        self.asked.append(("ExecuteStream", "".join(one.code for one in request_iterator)))
        for found in self._events(1, context):
            yield pb.ExecuteStreamResponse(events=[found])

    def WatchExecution(  # noqa: N802
        self, request: Any, context: Any
    ) -> Iterator[pb.WatchExecutionResponse]:
        self.asked.append(("Watch", request.from_sequence))
        for found in self._events(request.from_sequence + self.skip, context):
            yield pb.WatchExecutionResponse(events=[found])

    def _events(self, first: int, context: Any) -> Iterator[pb.ExecutionEvent]:
        left = self.breaks.pop(0) if self.breaks else 10
        for sequence in range(first, 6):
            if left == 0:
                context.abort(grpc.StatusCode.UNAVAILABLE, "broken")
            left -= 1
            yield event(sequence)
        self.may_end.wait(WAIT_SECONDS)
        self.had_callers.put(context.is_active())


@pytest.fixture
def service() -> Iterator[tuple[Breaking, str]]:
    server = grpc.server(futures.ThreadPoolExecutor(4))
    breaking = Breaking()  # type: ignore[abstract] # the other calls are not made
    execution_pb2_grpc.add_ExecutionServiceServicer_to_server(breaking, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield breaking, f"127.0.0.1:{port}"
    server.stop(None).wait()


def execution(client: Client) -> Any:
    start = pb.ExecuteRequest(session_id="sess_1", code="1", execution_id="call_1")
    return Execution(client.executions._transport, start, None)


def test_resumed_execution_yields_each_event_once(service: tuple[Breaking, str]) -> None:
    breaking, address = service
    breaking.breaks = [0, 2, 1]
    with Client(address) as client:
        assert [found.sequence for found in execution(client)] == [1, 2, 3, 4, 5]
    assert breaking.asked == [("Execute", 1), ("Execute", 1), ("Watch", 3), ("Watch", 4)]


def test_streamed_code_is_sent_again_from_the_first_piece(service: tuple[Breaking, str]) -> None:
    breaking, address = service
    breaking.breaks = [0, 2]
    start = pb.ExecuteRequest(session_id="sess_1", execution_id="call_1")
    with Client(address) as client:
        code = CodeStream(start, iter(["1", "+", "1"]))
        events = Execution(client.executions._transport, code, None)
        assert [found.sequence for found in events] == [1, 2, 3, 4, 5]
    assert breaking.asked == [("ExecuteStream", "1+1")] * 2 + [("Watch", 3)]


async def test_asyncio_streamed_code_is_sent_again_from_the_first_piece(
    service: tuple[Breaking, str],
) -> None:
    breaking, address = service
    breaking.breaks = [0, 2]
    start = pb.ExecuteRequest(session_id="sess_1", execution_id="call_1")
    async with AsyncClient(address) as client:
        code = AsyncCodeStream(start, iter(["1", "+", "1"]))
        events = AsyncExecution(client.executions._transport, code, None)
        assert [found.sequence async for found in events] == [1, 2, 3, 4, 5]
    assert breaking.asked == [("ExecuteStream", "1+1")] * 2 + [("Watch", 3)]


async def test_resumed_asyncio_watch_yields_each_event_once(service: tuple[Breaking, str]) -> None:
    breaking, address = service
    breaking.breaks = [2]
    async with AsyncClient(address) as client:
        watched = client.executions.watch("call_1")
        assert [found.sequence async for found in watched] == [1, 2, 3, 4, 5]
    assert breaking.asked == [("Watch", 1), ("Watch", 3)]


def test_gap_in_the_events_is_an_error(service: tuple[Breaking, str]) -> None:
    breaking, address = service
    breaking.breaks, breaking.skip = [2], 1
    with Client(address) as client, pytest.raises(errors.ServerError, match="4 came instead of 3"):
        list(execution(client))


def test_iteration_can_be_continued_after_a_break(service: tuple[Breaking, str]) -> None:
    _breaking, address = service
    with Client(address) as client:
        running = execution(client)
        for found in running:
            if found.sequence == 2:
                break
        assert [found.sequence for found in running] == [3, 4, 5]


def test_last_event_is_returned_before_the_stream_ends(
    service: tuple[Breaking, str],
) -> None:
    breaking, address = service
    breaking.may_end.clear()
    with Client(address) as client:
        for _call in range(2):
            assert execution(client).result().execution.id == "call_1"
        breaking.may_end.set()
        # The server did not see its callers disconnect.
        assert [breaking.had_callers.get(timeout=WAIT_SECONDS) for _call in range(2)] == [True] * 2


async def test_asyncio_last_event_is_returned_before_the_stream_ends(
    service: tuple[Breaking, str],
) -> None:
    breaking, address = service
    breaking.may_end.clear()
    async with AsyncClient(address) as client:
        watched = client.executions.watch("call_1")
        assert [found.sequence async for found in watched] == [1, 2, 3, 4, 5]
        breaking.may_end.set()
        assert breaking.had_callers.get(timeout=WAIT_SECONDS)


def test_number_of_ending_streams_is_bounded(service: tuple[Breaking, str]) -> None:
    _breaking, address = service
    with Client(address) as client:
        for _call in range(MAX_ENDING + 3):
            list(execution(client))
        assert len(client.executions._transport._channel._ending) == MAX_ENDING
