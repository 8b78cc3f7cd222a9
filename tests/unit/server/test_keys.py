"""API keys over time: when a secret is valid, and the reason if it isn't."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from cellblock_server.common.errors import (
    AlreadyExistsError,
    CellblockError,
    InvalidArgumentError,
    NotFoundError,
    OutOfRangeError,
    UnauthenticatedError,
    WrongStateError,
)
from cellblock_server.store.database import Database
from cellblock_server.store.keys import KeyStore
from cellblock_server.store.records import KeyRecord, Role
from cellblock_server.store.tenants import TenantStore
from cellblock_server.tenants.key_text import KeyText, new_text
from cellblock_server.tenants.keys import KeyService, NewKey
from cellblock_server.tenants.quotas import QuotaTable
from cellblock_server.tenants.tenants import TenantService
from tests.support.databases import store_url
from tests.support.quotas import QUOTAS
from tests.support.stored import Clock

pytestmark = pytest.mark.each_store

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
NEW = NewKey("default", Role.EXECUTOR)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(tmp_path: Path, clock: Clock) -> AsyncIterator[Database]:
    database = Database(store_url(tmp_path / "store.db"))
    await database.start()
    await TenantService(TenantStore(database), QuotaTable(QUOTAS), clock).start()
    yield database
    await database.close()


@pytest.fixture
def keys(database: Database, clock: Clock) -> KeyService:
    return service(database, clock)


def service(database: Database, clock: Clock, secret: bytes = b"s" * 32) -> KeyService:
    return KeyService(KeyStore(database), TenantStore(database), secret, clock)


async def reason_of(keys: KeyService, text: KeyText) -> str:
    """Return the reason why a key is invalid; empty if it is valid."""
    try:
        await keys.authenticate(str(text))
    except UnauthenticatedError as error:
        return error.reason
    return ""


async def test_key_is_valid_in_another_server_process(
    keys: KeyService, database: Database, clock: Clock
) -> None:
    record, text = await keys.create(NEW)
    for known in (keys, service(database, clock)):
        credential = await known.authenticate(str(text))
        assert (credential.key.id, credential.key.tenant) == (record.id, "default")
    assert await reason_of(service(database, clock, b"t" * 32), text) == "KEY_UNKNOWN"


async def test_key_with_another_id_or_secret_is_unknown(keys: KeyService) -> None:
    _record, text = await keys.create(NEW)
    _other, other = await keys.create(NEW)
    assert await reason_of(keys, new_text(text.key_id)) == "KEY_UNKNOWN"
    assert await reason_of(keys, KeyText(other.key_id, text.secret)) == "KEY_UNKNOWN"
    assert await reason_of(keys, new_text("key_" + "a" * 24)) == "KEY_UNKNOWN"


async def test_key_is_valid_until_it_expires(keys: KeyService, clock: Clock) -> None:
    _record, text = await keys.create(NewKey("default", Role.EXECUTOR, expires_after=HOUR))
    clock.time += HOUR - SECOND
    assert await reason_of(keys, text) == ""
    clock.time += SECOND
    assert await reason_of(keys, text) == "KEY_EXPIRED"


async def test_revoked_key_is_invalid_everywhere(
    keys: KeyService, database: Database, clock: Clock
) -> None:
    record, text = await keys.create(NEW)
    credential = await keys.authenticate(str(text))
    revoked = await keys.revoke(record.id)
    assert await reason_of(keys, text) == "KEY_REVOKED"
    assert await reason_of(service(database, clock), text) == "KEY_REVOKED"
    fault = keys.fault_of(credential)
    assert fault is not None
    assert fault.reason == "KEY_REVOKED"
    clock.time += HOUR
    assert (await keys.revoke(record.id)).revoke_time == revoked.revoke_time


async def test_replaced_secret_is_valid_for_its_grace(keys: KeyService, clock: Clock) -> None:
    record, first = await keys.create(NEW)
    before = await keys.authenticate(str(first))
    _record, second = await keys.rotate(record.id, HOUR)
    clock.time += HOUR - SECOND
    assert [await reason_of(keys, text) for text in (first, second)] == ["", ""]
    assert keys.fault_of(before) is None
    clock.time += SECOND
    assert [await reason_of(keys, text) for text in (first, second)] == ["KEY_REPLACED", ""]
    fault = keys.fault_of(before)
    assert fault is not None
    assert fault.reason == "KEY_REPLACED"


async def test_second_rotation_ends_the_grace_of_the_first(keys: KeyService) -> None:
    record, first = await keys.create(NEW)
    _record, second = await keys.rotate(record.id, HOUR)
    _record, third = await keys.rotate(record.id, timedelta(0))
    reasons = [await reason_of(keys, text) for text in (first, second, third)]
    assert reasons == ["KEY_UNKNOWN", "KEY_REPLACED", ""]


async def test_ended_key_cannot_be_rotated(keys: KeyService, clock: Clock) -> None:
    revoked, _text = await keys.create(NEW)
    await keys.revoke(revoked.id)
    expired, _text = await keys.create(NewKey("default", Role.ADMIN, expires_after=HOUR))
    clock.time += HOUR
    for record in (revoked, expired):
        with pytest.raises(WrongStateError) as caught:
            await keys.rotate(record.id, HOUR)
        assert caught.value.reason == "KEY_ENDED"


async def test_last_use_is_stored_to_the_minute(
    keys: KeyService, database: Database, clock: Clock
) -> None:
    record, text = await keys.create(NEW)
    times = []
    for _ in range(4):
        await keys.authenticate(str(text))
        times.append((await stored(database, record.id)).last_use_time)
        clock.time += timedelta(seconds=30)
    start = clock.time - timedelta(minutes=2)
    assert times == [start, start, *[start + timedelta(minutes=1)] * 2]


@pytest.mark.parametrize(
    ("field", "new"),
    [
        ("description", NewKey("default", Role.ADMIN, "x" * 201)),
        ("expires_after", NewKey("default", Role.ADMIN, expires_after=timedelta(0))),
        ("expires_after", NewKey("default", Role.ADMIN, expires_after=timedelta(days=3651))),
    ],
)
async def test_values_out_of_range_are_refused(keys: KeyService, field: str, new: NewKey) -> None:
    with pytest.raises(OutOfRangeError) as caught:
        await keys.create(new)
    assert caught.value.field == field


async def test_missing_tenant_or_key_is_not_found(keys: KeyService) -> None:
    absent: list[tuple[str, CellblockError]] = []
    for name, work in (
        ("TENANT", keys.create(NewKey("nobody", Role.ADMIN))),
        ("KEY", keys.revoke("key_1")),
        ("KEY", keys.rotate("key_1", HOUR)),
    ):
        with pytest.raises(NotFoundError) as caught:
            await work
        absent.append((name, caught.value))
    assert [error.reason for _name, error in absent] == [f"{name}_NOT_FOUND" for name, _ in absent]
    with pytest.raises(OutOfRangeError, match="grace: must be 0 s to 2592000 s"):
        await keys.rotate("key_1", timedelta(days=31))


async def test_tenant_ids_are_unique_and_checked(database: Database, clock: Clock) -> None:
    tenants = TenantService(TenantStore(database), QuotaTable(QUOTAS), clock)
    assert (await tenants.create("acme-1_x", {})).id == "acme-1_x"
    with pytest.raises(AlreadyExistsError, match="'acme-1_x' exists already"):
        await tenants.create("acme-1_x", {})
    for name in ("", "-a", "A", "a b", "a" * 64, "ä", "a:b"):
        with pytest.raises(InvalidArgumentError, match="tenant_id: must be 1 to 63"):
            await tenants.create(name, {})


async def stored(database: Database, key_id: str) -> KeyRecord:
    record = await KeyStore(database).find_key(key_id)
    assert record is not None
    return record
