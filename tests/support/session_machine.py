"""Random calls of a real server, each answer compared with the model's."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    multiple,
    rule,
)

from cellblock_client import Client, ExecutionStatus, File, SessionState
from cellblock_client.client import Session
from cellblock_client.errors import Error
from cellblock_client.events import Completed
from tests.support.session_model import COUNT, FAIL, LONG, ExecutionModel, SessionModel
from tests.support.waiting import until

MAX_QUEUE = 2
"""The server's limit of waiting executions."""
Execution = tuple[SessionModel, ExecutionModel]
numbers = count(1)


@contextmanager
def refused(reason: str) -> Iterator[None]:
    """Assert that the block fails with this reason."""
    with pytest.raises(Error) as caught:
        yield
    assert caught.value.reason == reason


class SessionMachine(RuleBasedStateMachine):
    """Drives a server through a client; no other client may use its tenant meanwhile."""

    sessions: Bundle[SessionModel] = Bundle("sessions")
    executions: Bundle[Execution] = Bundle("executions")
    files: Bundle[File] = Bundle("files")

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client = client
        self._sessions: list[SessionModel] = []
        self._files: set[str] = set()
        """Ids of those that have not been deleted."""

    @initialize(target=sessions)
    def first(self) -> SessionModel:
        return self._create()

    @rule(target=sessions)
    def create(self) -> SessionModel:
        return self._create()

    @rule(session=sessions)
    def create_again(self, session: SessionModel) -> None:
        with refused("SESSION_EXISTS"):
            self._client.sessions.create(session_id=session.id)

    @rule(target=executions, session=sessions, code=st.sampled_from([COUNT, COUNT, FAIL, LONG]))
    def execute(self, session: SessionModel, code: str) -> "Execution | MultipleResults[Execution]":
        execution = ExecutionModel(f"call_{next(numbers)}", code)
        events = iter(self._real(session).execute(code, execution_id=execution.id))
        if session.deleted or len(session.queue) > MAX_QUEUE:
            with refused("SESSION_DELETED" if session.deleted else "QUEUE_FULL"):
                next(events)
            with refused("EXECUTION_NOT_FOUND"):
                self._client.executions.get(execution.id)
            return multiple()
        assert next(events).sequence == 1
        session.submit(execution)
        self._check(session)
        return session, execution

    @rule(of=executions)
    def execute_again(self, of: Execution) -> None:
        session, execution = of
        if execution.end is not None:
            again = self._real(session).run(execution.code, execution_id=execution.id)
            assert again.events == list(self._client.executions.watch(execution.id))
        with refused("EXECUTION_EXISTS"):
            self._real(session).run("another", execution_id=execution.id)

    @rule(of=executions)
    def cancel(self, of: Execution) -> None:
        session, execution = of
        self._client.executions.cancel(execution.id)
        session.cancel(execution)
        self._check(session)

    @rule(session=sessions)
    def restart(self, session: SessionModel) -> None:
        if session.deleted:
            with refused("SESSION_DELETED"):
                self._real(session).restart()
            return
        info = self._real(session).restart()
        session.restart()
        assert info.kernel_generation == session.generation, info.kernel_generation
        self._check(session)

    @rule(session=sessions)
    def delete(self, session: SessionModel) -> None:
        assert self._real(session).delete().state is SessionState.DELETED
        session.delete()
        self._check(session)

    @rule(target=files)
    def upload(self) -> File:
        file = self._client.files.upload(b"content", f"{next(numbers)}.txt")
        self._files.add(file.id)
        return file

    @rule(file=files)
    def delete_file(self, file: File) -> None:
        if file.id in self._files:
            self._client.files.delete(file.id)
            self._files.remove(file.id)
        with refused("FILE_NOT_FOUND"):
            self._client.files.delete(file.id)

    @rule(session=sessions, file=files)
    def attach(self, session: SessionModel, file: File) -> None:
        if session.deleted or file.id not in self._files:
            with refused("SESSION_DELETED" if session.deleted else "FILE_NOT_FOUND"):
                self._real(session).attach(file)
            return
        self._real(session).attach(file)
        session.attached[file.id] = file.filename
        self._check_files(session)

    @rule(session=sessions, file=files)
    def detach(self, session: SessionModel, file: File) -> None:
        if session.deleted or file.id not in session.attached:
            with refused("SESSION_DELETED" if session.deleted else "ATTACHMENT_NOT_FOUND"):
                self._real(session).detach(file.id)
            return
        self._real(session).detach(file.id)
        del session.attached[file.id]
        self._check_files(session)

    @rule()
    def list_all(self) -> None:
        reported = {info.id: info.state.name == "DELETED" for info in self._client.sessions.list()}
        ours = {session.id: session.deleted for session in self._sessions}
        assert {name: reported.get(name) for name in ours} == ours
        known = {file.id for file in self._client.files.list()}
        assert self._files <= known

    def teardown(self) -> None:
        """Assert that each execution has had one end, and nothing is left."""
        for session in self._sessions:
            self._real(session).delete()
            session.delete()
            self._check(session)
        for file in self._files:
            self._client.files.delete(file)

    def _create(self) -> SessionModel:
        session = SessionModel(f"sess_{next(numbers)}")
        info = self._client.sessions.create(session_id=session.id).info
        assert (info.id, info.state) == (session.id, SessionState.READY)
        self._sessions.append(session)
        return session

    def _real(self, session: SessionModel) -> Session:
        return self._client.sessions.get(session.id)

    def _check(self, session: SessionModel) -> None:
        """Compare all that the server returns for a session and its executions with the model."""
        for execution in session.executions:
            if execution.end is not None:
                self._check_end(execution)
        real = self._real(session)
        reported = {one.id: one.end_time is not None for one in real.executions()}
        assert reported == {one.id: one.end is not None for one in session.executions}
        wanted = SessionState.BUSY if session.queue else SessionState.READY
        if session.deleted:
            wanted = SessionState.DELETED
        # Of code that was accepted the session tells when the kernel has it.
        until(lambda: real.refresh().state is wanted)

    def _check_end(self, execution: ExecutionModel) -> None:
        result = self._client.executions.watch(execution.id).result()
        events = result.events
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        assert [isinstance(event, Completed) for event in events].index(True) == len(events) - 1
        cause = result.failure.cause if result.failure else None
        reported = (result.status, cause, result.text)
        assert reported == (execution.end, execution.cause, execution.text)
        if execution.end is ExecutionStatus.COMPLETED:
            assert (result.error is not None) == (execution.code == FAIL)

    def _check_files(self, session: SessionModel) -> None:
        assert {file.path for file in self._real(session).files.list()} == session.paths()
