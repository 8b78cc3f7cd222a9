"""Error messages to tenants name no hosts, paths or keys of the server."""

import json
from collections.abc import Iterator

import pytest

from cellblock_client import Client, Role
from cellblock_client.errors import (
    PermissionDeniedError,
    UnauthenticatedError,
    UnavailableError,
)
from tests.security.callers import Guarded, guarded, key_id
from tests.support.waiting import until


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarded(tmp_path_factory.mktemp("guarded")) as at:
        yield at


def logged(at: Guarded, begin: int) -> list[str]:
    """Return the logged details of calls that failed since."""
    whole, _, _rest = at.server.log.read_text()[begin:].rpartition("\n")
    # `begin` may be within a line that another call was writing.
    lines = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
    return [line["detail"] for line in lines if line["event"] == "call_failed"]


def works(client: Client) -> bool:
    try:
        client.sessions.list()
        client.sessions.create().delete()
    except UnavailableError:
        return False
    return True


def test_a_store_that_is_gone(at: Guarded) -> None:
    key, begin = at.tenant("store"), at.server.log.stat().st_size
    database = at.server.state / "cellblock.db"
    away = database.with_name("away")
    with at.client(key) as tenant, at.client(at.admin) as admin:
        database.rename(away)
        try:
            with pytest.raises(UnavailableError) as caught:
                tenant.sessions.create(timeout=5)
        finally:
            away.rename(database)
        assert caught.value.reason in ("STORE_REPLACED", "AUDIT_FAILED")
        assert str(at.server.state) not in caught.value.message
        assert any(str(database) in detail for detail in logged(at, begin))
        # The audit log has to be written first.
        until(lambda: works(admin))


def test_a_sandbox_that_can_not_be_started(at: Guarded) -> None:
    key = at.tenant("sandbox")
    with at.client(key) as tenant:
        tenant.sessions.create().delete()
        folder = at.server.state / "run"
        moved = folder.rename(folder.with_name("moved"))
        folder.write_text("no folder")
        try:
            with pytest.raises(UnavailableError) as caught:
                tenant.sessions.create(timeout=10)
        finally:
            folder.unlink()
            moved.rename(folder)
    assert str(at.server.state) not in caught.value.message


@pytest.mark.parametrize("end", ["revoked", "unknown", "replaced"])
def test_a_key_that_is_not_valid(at: Guarded, end: str) -> None:
    key = at.tenant(f"key-{end}")
    begin = at.server.log.stat().st_size
    with at.client(at.admin) as admin:
        if end == "revoked":
            admin.admin.revoke_key(key_id(key))
        if end == "replaced":
            admin.admin.rotate_key(key_id(key))
    sent = key[:-1] + ("A" if key[-1] != "A" else "B") if end == "unknown" else key
    with at.client(sent) as tenant, pytest.raises(UnauthenticatedError) as caught:
        tenant.files.get("file-x")
    assert key_id(key) not in caught.value.message
    assert any(key_id(key) in detail for detail in logged(at, begin))


def test_a_role_that_is_not_enough(at: Guarded) -> None:
    key = at.tenant("role", Role.READ_ONLY)
    with at.client(key) as tenant, pytest.raises(PermissionDeniedError) as caught:
        tenant.sessions.create()
    assert "needs the role EXECUTOR; this API key has READ_ONLY" in caught.value.message
    assert key_id(key) not in caught.value.message
