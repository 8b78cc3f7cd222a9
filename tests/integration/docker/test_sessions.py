"""Sessions are created completely or not at all, and end with a reason."""

from datetime import timedelta

import grpc
import pytest

from cellblock.v1 import session_pb2, session_pb2_grpc
from cellblock_client import Client, Limits, SessionState
from cellblock_client.client import Session
from cellblock_client.errors import (
    AlreadyExistsError,
    InvalidArgumentError,
    NotFoundError,
    WrongStateError,
)
from tests.support.engine import containers
from tests.support.waiting import until


def test_a_new_session_is_ready_with_the_operators_defaults(session: Session) -> None:
    info = session.info
    assert info.state is SessionState.READY
    assert info.limits == Limits(2**30, 1.0, 256, 512 * 2**20, 128 * 2**20)
    assert (info.idle_timeout, info.inactivity_limit) == (timedelta(minutes=20), timedelta(hours=1))
    assert (info.backend, info.kernel_generation, info.execution_count) == ("docker", 1, 0)
    assert info.expire_time is not None
    assert info.expire_time <= info.create_time + timedelta(minutes=21)


def test_requested_options_are_applied(client: Client) -> None:
    wanted = Limits(memory_bytes=256 * 2**20, cpus=0.5, pids=100, data_bytes=2**20, tmp_bytes=2**20)
    with client.sessions.create(
        limits=wanted,
        labels={"team": "blue"},
        thread_id="thread_1",
        idle_timeout=60,
        inactivity_limit=timedelta(minutes=2),
        environment={"GREETING": "hello"},
    ) as session:
        info = session.info
        assert (info.limits, info.labels, info.thread_id) == (wanted, {"team": "blue"}, "thread_1")
        assert (info.idle_timeout.seconds, info.inactivity_limit.seconds) == (60, 120)
        assert info.environment_names == ("GREETING",)
        assert session.run("import os; os.environ['GREETING']").text == "'hello'"


def test_sessions_are_listed_newest_first(client: Client) -> None:
    with (
        client.sessions.create(thread_id="listed") as first,
        client.sessions.create(thread_id="listed") as second,
    ):
        found = [info.id for info in client.sessions.list(thread_id="listed")]
    assert found == [second.id, first.id]


def test_update_replaces_what_is_given(session: Session) -> None:
    session.update(labels={"a": "1"}, idle_timeout=100)
    info = session.update(labels={"b": "2"})
    assert info.labels == {"b": "2"}
    assert info.idle_timeout == timedelta(seconds=100)


def test_a_deleted_session_leaves_nothing_and_reports_its_end(
    client: Client, instance: str
) -> None:
    session = client.sessions.create()
    assert len(containers(instance)) >= 1
    name = next(name for name in containers(instance) if name)
    session.run("1")
    ended = session.delete()
    assert (ended.state, ended.end_reason) == (SessionState.DELETED, "DELETED")
    assert ended.end_time is not None
    assert name not in containers(instance)
    with pytest.raises(WrongStateError, match=r"ended at .*: deleted on request") as caught:
        session.run("1")
    assert caught.value.reason == "SESSION_DELETED"
    assert session.delete().end_time == ended.end_time  # again: unchanged


def test_an_unknown_session_is_not_found(client: Client) -> None:
    with pytest.raises(NotFoundError, match="no session 'sess_nobody'") as caught:
        client.sessions.get("sess_nobody")
    assert caught.value.reason == "SESSION_NOT_FOUND"


def test_an_idle_session_expires(client: Client, instance: str) -> None:
    before = set(containers(instance))
    session = client.sessions.create(idle_timeout=0.5)
    ours = set(containers(instance)) - before
    until(lambda: session.refresh().state is SessionState.EXPIRED)
    until(lambda: not ours & set(containers(instance)))
    assert session.info.end_reason == "IDLE_TIMEOUT"
    with pytest.raises(WrongStateError, match=r"idle for 0\.5 s") as caught:
        session.run("1")
    assert caught.value.reason == "SESSION_EXPIRED"


def test_keep_alive_does_not_postpone_the_inactivity_limit(client: Client) -> None:
    session = client.sessions.create(idle_timeout=60, inactivity_limit=0.7)

    def ended() -> bool:
        try:
            session.keep_alive()
        except WrongStateError:
            return True
        return False

    until(ended)
    info = session.refresh()
    assert (info.state, info.end_reason) == (SessionState.EXPIRED, "LIFETIME")


def test_a_session_in_use_does_not_expire(client: Client) -> None:
    with client.sessions.create(idle_timeout=0.5, inactivity_limit=0.5) as session:
        assert session.run("import time; time.sleep(1.5); 'done'").text == "'done'"


@pytest.mark.core
def test_restart_loses_variables_and_keeps_files(session: Session) -> None:
    session.run("x = 1; open('kept', 'w').write('1')")
    info = session.restart()
    assert (info.state, info.kernel_generation) == (SessionState.READY, 2)
    assert session.run("x").error is not None
    assert session.run("open('kept').read()").text == "'1'"


@pytest.mark.parametrize(
    ("limits", "field", "problem"),
    [
        (Limits(memory_bytes=2**50), "limits.memory_bytes", "must be 268435456 to 8589934592"),
        (Limits(memory_bytes=-1), "limits.memory_bytes", "got -1"),
        (Limits(cpus=1000), "limits.cpus", "must be 0.1 to 8.0, got 1000.0"),
        (Limits(cpus=float("nan")), "limits.cpus", "got nan"),
        (Limits(pids=10), "limits.pids", "must be 64 to 4096, got 10"),
    ],
)
def test_limits_over_the_operators_are_refused(
    client: Client, instance: str, limits: Limits, field: str, problem: str
) -> None:
    before = containers(instance)
    with pytest.raises(InvalidArgumentError) as caught:
        client.sessions.create(limits=limits)
    assert caught.value.field == field
    assert problem in caught.value.problem
    assert containers(instance) == before


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"session_id": "not-a-session"}, "session_id"),
        ({"session_id": "sess_../x"}, "session_id"),
        ({"thread_id": "x" * 257}, "thread_id"),
        ({"labels": {"": "x"}}, "labels['']"),
        ({"labels": {str(n): "" for n in range(17)}}, "labels"),
        ({"environment": {"LD_PRELOAD": "x"}}, "environment['LD_PRELOAD']"),
        ({"environment": {"A-B": "x"}}, "environment['A-B']"),
        ({"idle_timeout": -1}, "idle_timeout"),
        ({"idle_timeout": 10**7}, "idle_timeout"),
        ({"image": "alpine"}, "image"),
        ({"runtime": "crun"}, "runtime"),
    ],
)
def test_invalid_fields_are_named(client: Client, request_: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        client.sessions.create(**request_)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_an_unknown_attachment_leaves_nothing(server: str, client: Client, instance: str) -> None:
    before = containers(instance)
    known = {info.id for info in client.sessions.list()}
    request = session_pb2.CreateSessionRequest()
    request.attachments.add(file_id="file-nothing")
    with grpc.insecure_channel(server) as channel, pytest.raises(grpc.RpcError) as caught:
        session_pb2_grpc.SessionServiceStub(channel).CreateSession(request)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert containers(instance) == before
    assert {info.id for info in client.sessions.list()} == known


def test_a_taken_session_id_is_refused(session: Session, client: Client) -> None:
    with pytest.raises(AlreadyExistsError):
        client.sessions.create(session_id=session.id)


def test_the_same_request_makes_one_session(server: str) -> None:
    with grpc.insecure_channel(server) as channel:
        stub = session_pb2_grpc.SessionServiceStub(channel)
        request = session_pb2.CreateSessionRequest(request_id="once", thread_id="a")
        calls = [stub.CreateSession.future(request) for _ in range(3)]
        (session_id,) = {call.result().session.id for call in calls}
        other = session_pb2.CreateSessionRequest(request_id="once", thread_id="b")
        with pytest.raises(grpc.RpcError) as caught:
            stub.CreateSession(other)
        assert caught.value.code() is grpc.StatusCode.ALREADY_EXISTS
        stub.DeleteSession(session_pb2.DeleteSessionRequest(session_id=session_id))
