"""Calls end at their `timeout`, whichever server they use and however many calls they make."""

import asyncio
import inspect
import io
import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from cellblock.v1 import file_pb2, file_pb2_grpc, session_pb2, session_pb2_grpc
from cellblock_client import AsyncClient, Client, Place, Quotas, Role, retry
from cellblock_client.errors import DeadlineExceededError
from tests.support.clients import PAIRS, finish, finish_async, methods, session_of

PATIENCE = 30
"""Seconds after which a silent server responds, so that no test waits forever."""

CALLS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "Sessions.create": lambda client, _, t: client.sessions.create(timeout=t),
    "Sessions.get": lambda client, _, t: client.sessions.get("sess_1", timeout=t),
    "Sessions.list": lambda client, _, t: client.sessions.list(timeout=t),
    "Session.execute": lambda _, session, t: session.execute("1", timeout=t),
    "Session.execute_stream": lambda _, session, t: session.execute_stream(["1"], timeout=t),
    "Session.run": lambda _, session, t: session.run("1", place=Place(), timeout=t),
    "Session.executions": lambda _, session, t: session.executions(timeout=t),
    "Session.complete": lambda _, session, t: session.complete("1", timeout=t),
    "Session.inspect": lambda _, session, t: session.inspect("1", timeout=t),
    "Session.is_complete": lambda _, session, t: session.is_complete("1", timeout=t),
    "Session.attach": lambda _, session, t: session.attach(b"1", "a", timeout=t),
    "Session.detach": lambda _, session, t: session.detach("file-1", timeout=t),
    "Session.refresh": lambda _, session, t: session.refresh(timeout=t),
    "Session.update": lambda _, session, t: session.update(labels={}, timeout=t),
    "Session.keep_alive": lambda _, session, t: session.keep_alive(timeout=t),
    "Session.restart": lambda _, session, t: session.restart(timeout=t),
    "Session.delete": lambda _, session, t: session.delete(timeout=t),
    "SessionFiles.list": lambda _, session, t: session.files.list(timeout=t),
    "SessionFiles.stat": lambda _, session, t: session.files.stat("a", timeout=t),
    "SessionFiles.exists": lambda _, session, t: session.files.exists("a", timeout=t),
    "SessionFiles.rename": lambda _, session, t: session.files.rename("a", "b", timeout=t),
    "SessionFiles.chmod": lambda _, session, t: session.files.chmod("a", 0o600, timeout=t),
    "SessionFiles.read": lambda _, session, t: session.files.read("a", timeout=t),
    "SessionFiles.stream": lambda _, session, t: session.files.stream("a", timeout=t),
    "SessionFiles.download": lambda _, session, t: session.files.download(
        "a", io.BytesIO(), timeout=t
    ),
    "SessionFiles.write": lambda _, session, t: session.files.write("a", b"1", timeout=t),
    "SessionFiles.delete": lambda _, session, t: session.files.delete("a", timeout=t),
    "SessionFiles.create_folder": lambda _, session, t: session.files.create_folder("a", timeout=t),
    "SessionFiles.download_folder": lambda _, session, t: session.files.download_folder(
        "", io.BytesIO(), timeout=t
    ),
    "Execution.result": lambda _, session, t: session.execute("1", timeout=t).result(),
    "Execution.cancel": lambda _, session, t: session.execute("1").cancel(timeout=t),
    "Executions.get": lambda client, _, t: client.executions.get("call_1", timeout=t),
    "Executions.list": lambda client, _, t: client.executions.list("sess_1", timeout=t),
    "Executions.watch": lambda client, _, t: client.executions.watch("call_1", timeout=t),
    "Executions.cancel": lambda client, _, t: client.executions.cancel("call_1", timeout=t),
    "Files.upload": lambda client, _, t: client.files.upload(b"1", "a", timeout=t),
    "Files.get": lambda client, _, t: client.files.get("file-1", timeout=t),
    "Files.list": lambda client, _, t: client.files.list(timeout=t),
    "Files.download": lambda client, _, t: client.files.download("file-1", io.BytesIO(), timeout=t),
    "Files.stream": lambda client, _, t: client.files.stream("file-1", timeout=t),
    "Files.read": lambda client, _, t: client.files.read("file-1", timeout=t),
    "Files.delete": lambda client, _, t: client.files.delete("file-1", timeout=t),
    "RunSteps.get": lambda client, _, t: client.run_steps.get("step_1", timeout=t),
    "RunSteps.list": lambda client, _, t: client.run_steps.list(timeout=t),
    "RunSteps.iterate": lambda client, _, t: client.run_steps.iterate(timeout=t),
    "RunSteps.watch": lambda client, _, t: client.run_steps.watch(run_id="run_1", timeout=t),
    "RunSteps.resolve_annotations": lambda client, _, t: client.run_steps.resolve_annotations(
        "sess_1", "a", timeout=t
    ),
    "Admin.create_tenant": lambda client, _, t: client.admin.create_tenant("a", timeout=t),
    "Admin.update_tenant": lambda client, _, t: client.admin.update_tenant(
        "a", Quotas(), timeout=t
    ),
    "Admin.usage": lambda client, _, t: client.admin.usage("a", timeout=t),
    "Admin.report_usage": lambda client, _, t: client.admin.report_usage(timeout=t),
    "Admin.server_status": lambda client, _, t: client.admin.server_status(timeout=t),
    "Admin.get_tenant": lambda client, _, t: client.admin.get_tenant("a", timeout=t),
    "Admin.tenants": lambda client, _, t: client.admin.tenants(timeout=t),
    "Admin.create_key": lambda client, _, t: client.admin.create_key("a", Role.ADMIN, timeout=t),
    "Admin.keys": lambda client, _, t: client.admin.keys(timeout=t),
    "Admin.rotate_key": lambda client, _, t: client.admin.rotate_key("key_1", timeout=t),
    "Admin.revoke_key": lambda client, _, t: client.admin.revoke_key("key_1", timeout=t),
    "Admin.audit": lambda client, _, t: client.admin.audit(
        since=datetime(2026, 1, 1, tzinfo=UTC), timeout=t
    ),
}
"""A call of each client method that calls the server."""

TWO_CALLS: dict[str, Callable[[Any, Any, Any], Any]] = {
    **{name: CALLS[name] for name in ("Session.attach", "Session.restart")},
    "Sessions.create": lambda client, _, t: client.sessions.create(files=[__file__], timeout=t),
}


class Silent(grpc.GenericRpcHandler):
    """Accepts every call and responds to none."""

    def service(self, _details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any]":
        return grpc.stream_stream_rpc_method_handler(self._wait)

    def _wait(self, _requests: Any, context: grpc.ServicerContext) -> Iterator[bytes]:
        ended = threading.Event()
        if context.add_callback(ended.set):
            ended.wait(PATIENCE)
        yield from ()


@pytest.fixture
def silent() -> Iterator[str]:
    server = grpc.server(futures.ThreadPoolExecutor(len(CALLS)), handlers=[Silent()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


def test_every_method_is_tested_here() -> None:
    waits = {
        f"{kind.__name__}.{name}"
        for kind in PAIRS
        for name, method in methods(kind).items()
        if "timeout" in inspect.signature(method).parameters
    }
    # These got their timeout earlier, or make no call.
    assert waits == CALLS.keys() - {"Execution.result"}
    others = {f"{kind.__name__}.{name}" for kind in PAIRS for name in methods(kind)} - waits
    assert others == {"Execution.result", "Client.close"}


def test_every_call_ends_at_its_timeout(silent: str) -> None:
    with Client(silent) as client, futures.ThreadPoolExecutor(len(CALLS)) as threads:
        session = session_of(client)
        ends = {
            name: threads.submit(lambda made: finish(made(client, session, 0.5)), call)
            for name, call in CALLS.items()
        }
        failures = {name: end.exception() for name, end in ends.items()}
    assert {name: type(failure) for name, failure in failures.items()} == dict.fromkeys(
        CALLS, DeadlineExceededError
    )


async def test_every_asyncio_call_ends_at_its_timeout(silent: str) -> None:
    async with AsyncClient(silent) as client:
        session = session_of(client)
        failures = await asyncio.gather(
            *(finish_async(call(client, session, 0.5)) for call in CALLS.values()),
            return_exceptions=True,
        )
    assert dict(zip(CALLS, map(type, failures), strict=True)) == dict.fromkeys(
        CALLS, DeadlineExceededError
    )


async def test_timeout_while_code_is_sent_raises_deadline_exceeded(silent: str) -> None:
    async with AsyncClient(silent) as client:
        session = session_of(client)
        failures = await asyncio.gather(
            *(session.execute_stream(["1"], timeout=0.005).result() for _ in range(200)),
            return_exceptions=True,
        )
    assert {type(failure) for failure in failures} == {DeadlineExceededError}


class Timed(file_pb2_grpc.FileServiceServicer, session_pb2_grpc.SessionServiceServicer):
    """Records how much time each call has left when it is answered."""

    def __init__(self) -> None:
        self.left: list[float] = []

    def _note(self, context: grpc.ServicerContext) -> None:
        left = context.time_remaining()
        assert left is not None
        self.left.append(left)

    def UploadFile(self, requests: Any, context: Any) -> file_pb2.UploadFileResponse:  # noqa: N802
        for _request in requests:
            pass
        self._note(context)
        file = file_pb2.File(id="file-1", purpose=file_pb2.FILE_PURPOSE_ASSISTANTS)
        return file_pb2.UploadFileResponse(file=file)

    def AttachFile(self, _request: Any, context: Any) -> file_pb2.AttachFileResponse:  # noqa: N802
        self._note(context)
        return file_pb2.AttachFileResponse(path="/mnt/data/a")

    def GetSession(self, _request: Any, context: Any) -> session_pb2.GetSessionResponse:  # noqa: N802
        self._note(context)
        return session_pb2.GetSessionResponse(session=self._session())

    def CreateSession(self, _request: Any, context: Any) -> session_pb2.CreateSessionResponse:  # noqa: N802
        self._note(context)
        return session_pb2.CreateSessionResponse(session=self._session())

    def RestartSession(self, _request: Any, context: Any) -> session_pb2.RestartSessionResponse:  # noqa: N802
        self._note(context)
        return session_pb2.RestartSessionResponse(session=self._session())

    def _session(self) -> session_pb2.Session:
        return session_pb2.Session(id="sess_1", state=session_pb2.SESSION_STATE_READY)


@pytest.fixture
def timed() -> Iterator[tuple[Timed, str]]:
    server = grpc.server(futures.ThreadPoolExecutor(4))
    service = Timed()  # type: ignore[abstract] # the other calls are not made
    file_pb2_grpc.add_FileServiceServicer_to_server(service, server)
    session_pb2_grpc.add_SessionServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield service, f"127.0.0.1:{port}"
    server.stop(None).wait()


@pytest.mark.parametrize("name", TWO_CALLS)
async def test_method_with_two_calls_has_one_deadline(
    timed: tuple[Timed, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, address = timed
    # Each reading of the clock advances it by ten seconds, more than gRPC rounds a deadline by.
    ticks = itertools.count(step=10)
    monkeypatch.setattr(retry, "time", SimpleNamespace(monotonic=lambda: float(next(ticks))))
    with Client(address) as client:
        finish(TWO_CALLS[name](client, session_of(client), 900))
    async with AsyncClient(address) as asynchronous:
        await finish_async(TWO_CALLS[name](asynchronous, session_of(asynchronous), 900))
    first, second, first_async, second_async = service.left
    assert second < first - 5 < 900
    assert second_async < first_async - 5 < 900
