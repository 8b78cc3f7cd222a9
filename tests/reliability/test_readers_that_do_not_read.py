"""Callers that request a lot of output and read none of it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import grpc
import pytest

from cellblock.v1 import execution_pb2 as pb
from cellblock.v1 import execution_pb2_grpc
from cellblock_client import Client
from cellblock_client.events import Stdout
from tests.support.memory import forget_peak, peak, resident
from tests.support.server import ServerProcess
from tests.support.stores import Stores
from tests.support.waiting import until

READERS = 40
LINES = 10_000
FLOOD = f"for n in range({LINES}): print('x' * 999)"
"""10 MB: far more than fits between a server and a caller that does not read."""
BOUNDS = {
    "CELLBLOCK_EXECUTIONS__MAX_TEXT_BYTES": "16 MiB",
    "CELLBLOCK_SERVER__DRAIN_TIMEOUT": "1",
}
SMALL_WINDOW = [("grpc.http2.lookahead_bytes", 1024), ("grpc.http2.bdp_probe", 0)]
FLAT_MIB = {"sqlite": 96, "postgresql": 128}
"""Maximum growth of the server's memory in MiB, by store.

Each stream holds a batch of events, and libpq a second copy while it is read. The whole output
is 400 MiB.
"""


def test_unread_streams_take_no_memory_delay_no_call_and_miss_nothing(
    new_server: Callable[..., ServerProcess], stores: Stores
) -> None:
    server = new_server(**BOUNDS)
    with Client(server.address) as client, ExitStack() as stack:
        session = client.sessions.create()
        session.run("1")
        before = resident(server.pid)
        forget_peak(server.pid)
        execution = session.execute(FLOOD)
        events = iter(execution)
        next(events)
        streams = [unread(stack, server.address, execution.id) for _ in range(READERS)]
        numbers = [event.sequence for event in events]
        assert session.run("1").text == "1"

        assert peak(server.pid) - before < FLAT_MIB[stores.metadata]
        late = [event for response in streams.pop() for event in response.events]
        assert [event.sequence for event in late] == [1, *numbers]
        assert sum(len(event.stdout.text) for event in late) == LINES * 1000
        session.delete()
        # They do not keep the server from ending, either.
        assert server.stop() == 0
        server.start()


def test_unread_streams_are_ended_in_time_and_resume_when_read(
    new_server: Callable[..., ServerProcess],
) -> None:
    server = new_server(CELLBLOCK_SERVER__UNREAD_TIMEOUT="1", **BOUNDS)
    with Client(server.address) as client, ExitStack() as stack:
        idle = iter(client.sessions.create().execute("import time; time.sleep(600)"))
        next(idle)
        session = client.sessions.create()
        execution = session.execute(FLOOD)
        events = iter(execution)
        seen = [next(events)]
        streams = [unread(stack, server.address, execution.id) for _ in range(2)]
        until(lambda: ended(server) == 3)

        # The client resumes an ended stream; other callers get an error.
        seen += list(events)
        assert [event.sequence for event in seen] == list(range(1, len(seen) + 1))
        printed = [event.text for event in seen if isinstance(event, Stdout)]
        assert len("".join(printed)) == LINES * 1000
        with pytest.raises(grpc.RpcError, match="nothing of this stream was taken for 1 s"):
            list(streams[0])
        # The server ends though one of them has never read. Nothing was to be sent to the idle one.
        assert ended(server) == 3
        assert server.stop() == 0
        server.start()


def ended(server: ServerProcess) -> int:
    """Return the number of streams that the server ended because they were not read."""
    return server.log.read_text().count("stream_not_read")


def unread(
    stack: ExitStack, address: str, execution_id: str
) -> Iterator[pb.WatchExecutionResponse]:
    """Open a stream that is never read, on a connection of its own."""
    channel = stack.enter_context(grpc.insecure_channel(address, options=SMALL_WINDOW))
    stub = execution_pb2_grpc.ExecutionServiceStub(channel)
    return stub.WatchExecution(pb.WatchExecutionRequest(execution_id=execution_id))
