"""The audit log records each call, allowed or refused, with its caller."""

import json
import os
import subprocess
import sys
from pathlib import Path
from secrets import token_hex

import pytest
from google.protobuf.descriptor import MethodDescriptor

from cellblock_client import AuditEntry, Client, Role
from cellblock_client.errors import Error
from tests.security.callers import Guarded, key_id
from tests.support.callers import error_of, methods, request_of

COMMAND = Path(sys.executable).with_name("cellblock")


def entries(at: Guarded, key: str = "", tenant: str = "") -> list[AuditEntry]:
    """Return the entries of the audit log, oldest first."""
    with at.client(at.admin) as admin:
        wanted = admin.admin.audit(key_id=key_id(key) if key else "", tenant_id=tenant)
        return list(wanted)[::-1]


def test_calls_of_a_key_are_recorded_in_order(at: Guarded) -> None:
    key = at.tenant(name := f"t{token_hex(8)}")
    with at.client(key) as client, client.sessions.create() as session:
        result = session.run("print('sesame')")
        file = client.files.upload(b"sesame", "sesame.txt")
        client.files.read(file.id)
    found = entries(at, key)
    calls = [(entry.rpc, entry.outcome, entry.subjects) for entry in found]
    of_session = {"session_id": session.id}
    assert calls[:2] == [
        ("CreateSession", "OK", of_session),
        ("Execute", "OK", {**of_session, "execution_id": result.execution.id}),
    ]
    assert ("DownloadFile", "OK", {"file_id": file.id}) in calls
    assert calls[-1] == ("DeleteSession", "OK", of_session)
    upload = next(entry for entry in found if entry.rpc == "UploadFile")
    assert upload.subjects["file_id"] == file.id
    for entry in found:
        assert (entry.tenant_id, entry.key_id) == (name, key_id(key))
        assert entry.peer.startswith("ipv4:127.0.0.1:")
    assert "sesame" not in repr(found)
    assert entries(at, tenant=name) == found


@pytest.mark.parametrize("method", methods(), ids=lambda method: str(method.name))
def test_every_call_is_recorded(at: Guarded, method: MethodDescriptor) -> None:
    key = at.key("default", Role.READ_ONLY)
    error = error_of(at.channel, method, [request_of(method)], key)
    (entry,) = entries(at, key)
    assert entry.rpc == method.name
    assert (entry.outcome == "OK") == (error is None)
    assert entry.reason == (error.reason if error else "")


def test_a_refused_caller_is_recorded_with_its_claimed_key(at: Guarded) -> None:
    revoked = at.key("default", Role.EXECUTOR)
    with at.client(at.admin) as admin:
        admin.admin.revoke_key(key_id(revoked))
    for key in ("", "sesame", revoked):
        with Client(at.address, api_key=key) as client, pytest.raises(Error):
            list(client.sessions.list())
    ours = ("", key_id(revoked))  # a caller of another test may still try its key
    found = [
        entry
        for entry in entries(at)
        if entry.outcome == "UNAUTHENTICATED" and entry.key_id in ours
    ][-3:]
    assert [(entry.key_id, entry.reason) for entry in found] == [
        ("", "KEY_MISSING"),
        ("", "KEY_MALFORMED"),
        (key_id(revoked), "KEY_REVOKED"),
    ]
    assert {entry.tenant_id for entry in found} == {""}
    revoking = next(entry for entry in entries(at, at.admin)[::-1] if entry.rpc == "RevokeKey")
    assert revoking.subjects == {"key_id": key_id(revoked), "tenant_id": "default"}


def test_creation_of_the_first_key_is_recorded(at: Guarded) -> None:
    made = [entry for entry in entries(at, tenant="default") if entry.peer == "create-admin-key"]
    assert made[-1].rpc == "CreateKey"
    assert made[-1].subjects == {"key_id": key_id(at.admin), "tenant_id": "default"}


def test_the_cli_shows_the_audit_log(at: Guarded) -> None:
    key = at.tenant(name := f"t{token_hex(8)}")
    with at.client(key) as client:
        client.sessions.create().delete()
    lines = command(at, "audit", "--tenant", name, "--since", "1h", "--json").splitlines()
    found = [json.loads(line) for line in lines]
    assert [entry["rpc"] for entry in found] == ["DeleteSession", "CreateSession"]
    assert {entry["key_id"] for entry in found} == {key_id(key)}
    shown = command(at, "audit", "--key", key_id(key), "--limit", "1")
    assert "DeleteSession" in shown
    assert "CreateSession" not in shown


def test_the_cli_manages_tenants_and_keys(at: Guarded) -> None:
    name = f"t{token_hex(8)}"
    made = json.loads(command(at, "tenants", "create", name, "--max-sessions", "3", "--json"))
    assert (made["id"], made["quotas"]["max_sessions"]) == (name, 3)
    secret = command(at, "keys", "create", name, "--role", "read-only", "--expires", "1d").strip()
    with at.client(secret) as client:
        assert list(client.sessions.list()) == []
    assert "read-only" in command(at, "keys", "--tenant", name)
    rotated = command(at, "keys", "rotate", key_id(secret)).strip()
    assert key_id(rotated) == key_id(secret)
    assert rotated != secret
    revoked = json.loads(command(at, "keys", "revoke", key_id(secret), "--json"))
    assert revoked["revoke_time"] is not None
    command(at, "tenants", "update", name, "--stored-bytes", "5")
    assert "stored_bytes=5" in command(at, "tenants", "show", name)
    assert name in command(at, "tenants")
    assert "0 of 10000" in command(at, "usage", name)
    usage = [json.loads(line) for line in command(at, "usage", "--json").splitlines()]
    assert {"default", name} <= {used["tenant_id"] for used in usage}


def command(at: Guarded, *arguments: str) -> str:
    """Run `cellblock admin …` and return its standard output."""
    done = subprocess.run(
        [COMMAND, "admin", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"CELLBLOCK_ADDRESS": at.address, "CELLBLOCK_API_KEY": at.admin},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
