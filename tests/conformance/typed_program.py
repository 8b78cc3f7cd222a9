"""A user's program that type checkers read and no test runs.

`assert_type` fails where a type is `Any`, so the types must be present and exactly these.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import assert_type

from cellblock_client import (
    AsyncClient,
    AsyncExecution,
    AsyncRunResult,
    AsyncSession,
    Attachment,
    Client,
    CodeError,
    Completions,
    Error,
    Execution,
    ExecutionInfo,
    ExecutionResult,
    File,
    FilePurpose,
    Limits,
    NewKey,
    Place,
    Role,
    RunResult,
    RunStepEvent,
    Session,
    SessionFileList,
    SessionInfo,
    Tls,
    errors,
    events,
)


def progress(done: int, total: int | None) -> None:
    assert_type(total, int | None)
    assert_type(done, int)


def ordinary() -> None:
    with Client("server:7711", api_key="cb_", tls=Tls(ca=Path("ca.pem")), retry_for=5) as client:
        assert_type(client, Client)
        limits = Limits(memory_bytes=2**30)
        with client.sessions.create(
            files=["a.csv", b"1"], limits=limits, inactivity_limit=60
        ) as session:
            assert_type(session, Session)
            assert_type(session.info, SessionInfo)
            execution = session.execute("1", time_limit=timedelta(seconds=5), place=Place())
            assert_type(execution, Execution)
            for event in execution:
                assert_type(event, events.Event)
                match event:
                    case events.Stdout(text=text) | events.Stderr(text=text):
                        assert_type(text, str)
                    case events.Image(file=file):
                        assert_type(file, File)
                    case events.Completed(execution=info):
                        assert_type(info.error, CodeError | None)
                    case _:
                        assert_type(event.sequence, int)
            result = session.run("1", timeout=10)
            assert_type(result, RunResult)
            assert_type(result.for_model(), str)
            whole: ExecutionResult = result
            assert_type(whole.images, list[File])
            assert_type(result.images, list[File])
            assert_type(session.complete("pri"), Completions)
            assert_type(session.attach(Path("a.zip"), unpack=True, progress=progress), Attachment)
            assert_type(session.files.list(), SessionFileList)
            assert_type(session.files.read("a"), bytes)
            assert_type(session.executions(), Iterator[ExecutionInfo])
        file = client.files.upload(b"1", "a", purpose=FilePurpose.USER_DATA, expires_after=60)
        assert_type(file, File)
        assert_type(client.files.stream(file.id), Generator[bytes, None, None])
        assert_type(client.run_steps.watch(run_id="run_1"), Generator[RunStepEvent, None, None])
        assert_type(client.admin.create_key("acme", Role.EXECUTOR), NewKey)


async def asynchronous() -> None:
    async with AsyncClient() as client, await client.sessions.create() as session:
        assert_type(client, AsyncClient)
        assert_type(session, AsyncSession)
        execution = session.execute("1")
        assert_type(execution, AsyncExecution)
        async for event in execution:
            assert_type(event, events.Event)
        assert_type(await session.run("1"), AsyncRunResult)
        assert_type(await session.execute("1").for_model(), str)
        assert_type(client.sessions.list(), AsyncIterator[SessionInfo])
        assert_type(client.files.stream("file-1"), AsyncGenerator[bytes, None])
        assert_type(await client.files.read("file-1"), bytes)


def failing(client: Client) -> str:
    try:
        client.sessions.get("sess_1")
    except errors.ResourceExhaustedError as error:
        assert_type(error.retry_after, timedelta | None)
        return error.reason
    except Error as error:
        assert_type(error.field, str)
        return error.message
    return ""
