"""Calls with the same execution id run once, however often they are sent."""

import asyncio
from collections.abc import Callable

import pytest

from cellblock_client import Client
from cellblock_client.aio import AsyncSession
from cellblock_client.client import Session
from cellblock_client.errors import AlreadyExistsError, DeadlineExceededError
from tests.support.server import ServerProcess


def test_the_same_execution_id_runs_once(shared_session: Session) -> None:
    shared_session.run("n = 0")
    for _ in range(2):
        assert (
            shared_session.run("n += 1; n", execution_id=f"call_once_{shared_session.id}").text
            == "1"
        )
    with pytest.raises(AlreadyExistsError, match="exists already with another code"):
        shared_session.run("n += 2", execution_id=f"call_once_{shared_session.id}")


async def test_two_concurrent_requests_with_one_id_run_once(own: AsyncSession) -> None:
    await own.run("n = 0")
    results = await asyncio.gather(
        *(own.run("n += 1; n", execution_id=f"call_together_{own.id}") for _ in range(5))
    )
    assert {result.text for result in results} == {"1"}


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"code": "2"}, "code"),
        ({"time_limit": 7}, "time_limit"),
        ({"environment": {"A": "2"}}, "environment"),
        ({"code": "2", "environment": {}}, "code and environment"),
    ],
)
def test_another_body_is_refused_and_the_difference_named(
    shared_session: Session, change: dict[str, object], difference: str
) -> None:
    name = f"call_body_{shared_session.id}"
    body: dict[str, object] = {"code": "1", "time_limit": 5, "environment": {"A": "1"}}
    shared_session.run(**body, execution_id=name)  # type: ignore[arg-type]
    with pytest.raises(AlreadyExistsError, match=f"exists already with another {difference}$"):
        shared_session.run(**{**body, **change}, execution_id=name)  # type: ignore[arg-type]


def test_the_same_id_in_another_session_is_refused(
    session: Session, shared_session: Session
) -> None:
    name = f"call_other_{session.id}"
    session.run("1", execution_id=name)
    with pytest.raises(AlreadyExistsError, match=r"with another session_id$"):
        shared_session.run("1", execution_id=name)


def test_a_retry_after_a_broken_stream_runs_once(session: Session) -> None:
    session.run("n = 0")
    name = f"call_broken_{session.id}"
    code = "import time; n += 1; time.sleep(1); n"
    with pytest.raises(DeadlineExceededError):
        session.run(code, execution_id=name, timeout=0.5)
    assert session.run(code, execution_id=name).text == "1"
    assert session.run("n").text == "1"


def test_a_retry_after_the_server_was_killed_runs_once(
    new_server: Callable[..., ServerProcess],
) -> None:
    server = new_server()
    with Client(server.address) as client:
        session = client.sessions.create()
        session.run("n = 0")
        first = session.run("n += 1; n", execution_id="call_again")
    server.kill()
    server.start()
    with Client(server.address) as client:
        session = client.sessions.get(session.id)
        again = session.run("n += 1; n", execution_id="call_again")
        assert again.events == first.events
        assert session.run("n").text == "1"


def test_a_retry_while_the_server_restarts_runs_once(
    new_server: Callable[..., ServerProcess],
) -> None:
    server = new_server()
    with Client(server.address) as client:
        session = client.sessions.create()
        session.run("n = 0")
        code = "import time; n += 1; time.sleep(2); n"
        with pytest.raises(DeadlineExceededError):
            session.run(code, execution_id="call_again", timeout=0.5)
    server.kill()
    server.start()
    with Client(server.address) as client:
        session = client.sessions.get(session.id)
        assert session.run(code, execution_id="call_again").text == "1"
        assert session.run("n").text == "1"
