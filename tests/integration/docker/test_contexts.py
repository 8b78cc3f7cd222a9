"""Environment variables of a session and of one execution, as code sees them."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from cellblock_client import Client
from cellblock_client.client import Session
from cellblock_client.errors import InvalidArgumentError
from tests.support.databases import database_of
from tests.support.server import ServerProcess

LOOK = "import os; os.environ.get('A'), os.environ.get('B')"


def test_an_execution_has_variables_of_its_own(client: Client) -> None:
    with client.sessions.create(environment={"A": "session"}) as session:
        result = session.run(LOOK, environment={"A": "execution", "B": "too"})
        assert result.text == "('execution', 'too')"
        record = client.executions.get(result.execution.id)
        assert record.environment_names == ("A", "B")
        assert session.run(LOOK).text == "('session', None)"


def test_code_runs_in_mnt_data(shared_session: Session) -> None:
    shared_session.restart()
    assert shared_session.run("import os; os.getcwd()").text == "'/mnt/data'"


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("1A", "", "a name is letters"),
        ("PATH", "/", "is reserved for the sandbox"),
        ("LD_PRELOAD", "/x.so", "is reserved for the sandbox"),
        ("A", "x" * 40_000, "must be at most 32768 bytes"),
        ("A", "\0", "without NUL"),
    ],
)
def test_an_invalid_variable_is_refused_by_name(
    shared_session: Session, name: str, value: str, problem: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=problem) as caught:
        shared_session.run("1", environment={name: value})
    assert caught.value.field == f"environment['{name}']"


def test_values_are_forgotten_when_the_execution_has_ended(
    new_server: Callable[..., ServerProcess],
) -> None:
    server = new_server()
    with Client(server.address) as client, client.sessions.create() as session:
        session.run("1", environment={"TOKEN": "sesame"})
    server.stop()
    with database_of(server.state) as store:
        query = text("SELECT CAST(environment AS TEXT) FROM executions")
        assert store.execute(query).scalars().all() == ['{"TOKEN": ""}']
    assert "sesame" not in server.log.read_text()
