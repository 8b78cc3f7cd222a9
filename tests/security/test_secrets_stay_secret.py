"""Keys, values of variables and contents of code never reach a log or, for keys, the database.

A server that tells everything it can, and calls of every kind with something to hide.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex

import pytest

from cellblock.v1 import execution_pb2, file_pb2, session_pb2
from cellblock_client import Client, Place, Role
from cellblock_client.errors import Error
from tests.security.callers import Guarded, guarded, key_id
from tests.support.callers import call, methods, request_of


@dataclass(frozen=True)
class LeftTraces:
    """Log, audit log and database that a server left after all calls, and the secrets."""

    log: str
    audit: str
    database: bytes
    keys: list[str]
    """Complete keys, and wrong ones."""
    values: list[str]
    """Values of environment variables."""
    contents: list[str]
    """Contents of code, output and files."""


def secret() -> str:
    return f"sesame{token_hex(12)}"


def every_call(at: Guarded, key: str) -> None:
    """Make each call with an empty request."""
    for method in methods():
        with suppress(Error):
            call(at.channel, method, [request_of(method)], key)


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LeftTraces]:
    folder = tmp_path_factory.mktemp("server")
    values, contents = [secret() for _ in range(3)], [secret() for _ in range(6)]
    with guarded(folder, CELLBLOCK_LOG__LEVEL="debug") as at:
        keys = [at.admin, at.tenant("acme"), at.key("acme", Role.READ_ONLY)]
        with at.client(at.admin) as admin:
            keys.append(admin.admin.rotate_key(key_id(keys[1]), grace=60).secret)
            admin.admin.revoke_key(key_id(keys[2]))
        wrong = [f"{keys[1][:-5]}wrong", f"cb_{secret()}", secret()]
        run(at, keys[1], values, contents)
        for key in [*keys, *wrong, ""]:
            every_call(at, key)
        with at.client(at.admin) as admin:
            audit = repr(list(admin.admin.audit()))
        at.server.stop()
        log = at.server.log.read_text()
        files = sorted(at.server.state.glob("cellblock.db*"))
        database = b"".join(path.read_bytes() for path in files)
        yield LeftTraces(log, audit, database, [*keys, *wrong], values, contents)


def run(at: Guarded, key: str, values: list[str], contents: list[str]) -> None:
    """Create sessions, executions and files with secrets in them, valid and invalid."""
    at_session, at_execution, refused = values
    code, output, exception, filename, content, text = contents
    with (
        Client(at.address, api_key=key) as client,
        client.sessions.create(
            environment={"A": at_session}, labels={"label": filename}
        ) as session,
    ):
        session.run(f"# {code}\nprint({output!r})", environment={"B": at_execution})
        session.run(f"raise ValueError({exception!r})", place=Place(thread_id=filename))
        file = client.files.upload(content.encode(), f"{filename}.txt")
        session.attach(file)
        session.files.write(filename, content.encode())
        client.files.read(file.id)
        client.run_steps.resolve_annotations(session.id, f"{text} sandbox:/mnt/data/{filename}")
        for bad in (
            lambda: client.sessions.create(environment={"HOME": refused}),
            lambda: session.run(code, environment={"1": refused}),
            lambda: client.sessions.get(content),
            lambda: session.files.read(f"{filename}/absent"),
        ):
            with pytest.raises(Error):
                bad()
    hidden_in_ids(at, key, content)


def hidden_in_ids(at: Guarded, key: str, content: str) -> None:
    """Send secrets where the server expects ids."""
    by_name = {method.name: method for method in methods()}
    for name, request in (
        ("GetSession", session_pb2.GetSessionRequest(session_id=content)),
        ("GetExecution", execution_pb2.GetExecutionRequest(execution_id=content)),
        ("GetFile", file_pb2.GetFileRequest(file_id=content)),
    ):
        with pytest.raises(Error):
            call(at.channel, by_name[name], [request], key)


def test_no_key_is_in_the_log_the_audit_log_or_the_database(traces: LeftTraces) -> None:
    for key in traces.keys:
        hidden = key.rpartition("_")[2]
        assert hidden not in traces.log
        assert hidden not in traces.audit
        assert hidden.encode() not in traces.database


def test_no_variables_value_is_in_the_log_the_audit_log_or_the_database(traces: LeftTraces) -> None:
    for value in traces.values:
        assert value not in traces.log
        assert value not in traces.audit
        assert value.encode() not in traces.database


def test_nothing_of_code_and_files_is_in_the_log_or_the_audit_log(traces: LeftTraces) -> None:
    for content in traces.contents:
        assert content not in traces.log
        assert content not in traces.audit


def test_the_log_has_every_call_at_debug_level(traces: LeftTraces) -> None:
    lines = [json.loads(line) for line in traces.log.splitlines() if line.startswith("{")]
    assert {"debug", "info"} <= {line["level"] for line in lines}
    calls = {line["rpc"] for line in lines if line["event"] == "call"}
    assert {method.name for method in methods()} <= calls
    assert {"UNAUTHENTICATED", "PERMISSION_DENIED", "OK"} <= {
        line["code"] for line in lines if line["event"] == "call"
    }
    assert "Execute" in traces.audit
    # The records of executions are there: what is looked for above would be found.
    assert traces.contents[0].encode() in traces.database
