"""Measures a lower bound for `1+1`: its time without the server's own work.

python -m benchmarks.floor [--rounds 600]

In turns: Cellblock as it is; a caller of a sandbox's agent without a server; a call to a server in
Python that responds immediately; a stock kernel. The second and the third together are what is left
of the first without what the server is for: checks, and storing. Run it as root, in the virtualenv
of `make bench`.
"""

import argparse
import asyncio
import multiprocessing
import secrets
import statistics
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from multiprocessing.synchronize import Event
from pathlib import Path

import grpc

from benchmarks.contenders.stock_kernel import StockSession
from benchmarks.report import print_header, print_table
from benchmarks.service import service
from benchmarks.timing import repeat
from cellblock.v1 import execution_pb2 as pb
from cellblock.v1 import execution_pb2_grpc
from cellblock_server.agent.connection import AgentConnection
from cellblock_server.agent.stream import ExecutionBounds
from cellblock_server.assembly import parts
from cellblock_server.common.ids import new_id
from cellblock_server.config.load import load
from cellblock_server.sessions.limits import sandbox_spec
from cellblock_server.sessions.ready import ReadySandbox
from cellblock_server.sessions.request import NewSession
from cellblock_server.store.state_folder import state_folder

TURN = 100
WARM = 50
START_SECONDS = 60
OURS, AGENT, HOP, STOCK = "Cellblock", "· its agent alone", "· an empty call", "stock kernel"
EVENTS = 4
"""Events of `1+1`."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.floor", description=__doc__)
    parser.add_argument("--rounds", type=int, default=600, metavar="N")
    rounds = parser.parse_args().rounds
    print_header("benchmarks.floor")
    with (
        tempfile.TemporaryDirectory(prefix="cb-") as name,
        service() as own,
        own.client.sessions.create() as session,
        _agent_alone(Path(name)) as run_on_agent,
        _empty_call(Path(name) / "empty") as call_nothing,
    ):
        stock = StockSession()
        try:
            seen = _in_turns(
                rounds,
                {
                    OURS: lambda: session.run("1+1"),
                    AGENT: run_on_agent,
                    HOP: call_nothing,
                    STOCK: lambda: stock.execute("1+1"),
                },
            )
        finally:
            stock.close()
    base = seen[STOCK]
    floor = seen[AGENT] + seen[HOP]
    rows = [*seen.items(), ("without what the server does", floor)]
    print_table(
        "`1+1`",
        [
            ("", "ms", "of the stock kernel"),
            *((what, f"{value * 1000:.2f}", f"{value / base:.2f}") for what, value in rows),
        ],
    )


def _in_turns(rounds: int, runs: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the median of each variant in seconds; variants take turns."""
    times: dict[str, list[float]] = {what: [] for what in runs}
    for run in runs.values():
        repeat(WARM, run)
    for _turn in range(max(1, rounds // TURN)):
        for what, run in runs.items():
            times[what] += repeat(TURN, run).values
    return {what: statistics.median(values) for what, values in times.items()}


@contextmanager
def _agent_alone(folder: Path) -> Iterator[Callable[[], object]]:
    """Measure `1+1` in a sandbox of our own, without a server."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            agent = runner.run(stack.enter_async_context(_sandbox(folder)))
            yield lambda: runner.run(agent.run())
        finally:
            runner.run(stack.aclose())


@asynccontextmanager
async def _sandbox(folder: Path) -> AsyncIterator["_Agent"]:
    settings = load(None, {"server": {"state_dir": str(folder / "state")}})
    bounds = parts.runner_bounds(settings)
    timeout = timedelta(seconds=START_SECONDS)
    with state_folder(folder / "state") as state:
        backend = parts.backend(settings, state)
        await backend.start()
        spec = sandbox_spec(NewSession(), settings, new_id("sbx_"))
        ready = await ReadySandbox.start(backend, spec, secrets.token_urlsafe(32), timeout)
        try:
            yield _Agent(ready.agent, ExecutionBounds(timeout, bounds.grace, bounds.output))
        finally:
            await ready.discard(backend)
            await backend.close()


class _Agent:
    """Sandbox agent with its messages."""

    def __init__(self, agent: AgentConnection, bounds: ExecutionBounds) -> None:
        self._bounds = bounds
        self._stream = agent.converse()
        self._batches = aiter(self._stream)
        self._last = 0

    async def run(self) -> None:
        """Run `1+1`, and read all events."""
        code = "1+1"
        await self._stream.start_execution(new_id("call_"), code, self._bounds, {}, self._last)
        async for batch in self._batches:
            self._last = batch[-1].sequence
            if batch[-1].HasField("execution_finished"):
                return
            await self._stream.acknowledge(self._last)


@contextmanager
def _empty_call(socket: Path) -> Iterator[Callable[[], object]]:
    """Measure a call to a process that immediately returns as much as `1+1` does."""
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_serve, args=(f"unix:{socket}", ready))
    process.start()
    try:
        if not ready.wait(START_SECONDS):
            raise TimeoutError("the process that answers did not start")
        with grpc.insecure_channel(f"unix:{socket}") as channel:
            stub = execution_pb2_grpc.ExecutionServiceStub(channel)
            request = pb.ExecuteRequest(session_id=new_id("sess_"), code="1+1")
            yield lambda: list(stub.Execute(request))
    finally:
        process.kill()
        process.join()


def _serve(address: str, ready: Event) -> None:
    asyncio.run(_answer(address, ready))


async def _answer(address: str, ready: Event) -> None:
    server = grpc.aio.server()
    handler = grpc.unary_stream_rpc_method_handler(
        _execute, pb.ExecuteRequest.FromString, pb.ExecuteResponse.SerializeToString
    )
    service = pb.DESCRIPTOR.services_by_name["ExecutionService"].full_name
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(service, {"Execute": handler})]
    )
    server.add_insecure_port(address)
    await server.start()
    ready.set()
    await server.wait_for_termination()


async def _execute(
    _request: pb.ExecuteRequest, _context: object
) -> AsyncIterator[pb.ExecuteResponse]:
    name = new_id("call_")
    events = [pb.ExecutionEvent(execution_id=name, sequence=n) for n in range(EVENTS)]
    yield pb.ExecuteResponse(events=events)


if __name__ == "__main__":
    main()
