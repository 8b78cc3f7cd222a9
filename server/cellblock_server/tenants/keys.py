"""API keys: creation, authentication, rotation and revocation."""

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cellblock_server.common.clock import Clock
from cellblock_server.common.errors import (
    NotFoundError,
    OutOfRangeError,
    UnauthenticatedError,
    WrongStateError,
)
from cellblock_server.common.ids import new_id
from cellblock_server.common.plain_text import check_plain
from cellblock_server.store.keys import KeyStore
from cellblock_server.store.records import KeyRecord, Page, Role
from cellblock_server.store.tenants import TenantStore
from cellblock_server.tenants.key_text import KeyText, new_text, read_text

MAX_DESCRIPTION = 200
SHORTEST_LIFE = timedelta(seconds=1)
LONGEST_LIFE = timedelta(days=3650)
LONGEST_GRACE = timedelta(days=30)
USE_RESOLUTION = timedelta(minutes=1)
"""Shortest interval between two updates of a key's last use."""


@dataclass(frozen=True)
class NewKey:
    """An API key as an operator requests it."""

    tenant: str
    role: Role
    description: str = ""
    expires_after: timedelta | None = None

    def check(self) -> None:
        """Raise InvalidArgumentError or OutOfRangeError for the first bad field."""
        if len(self.description) > MAX_DESCRIPTION:
            raise OutOfRangeError(
                "description",
                f"must be at most {MAX_DESCRIPTION} characters, got {len(self.description)}",
            )
        check_plain("description", self.description)
        life = self.expires_after
        if life is not None and not SHORTEST_LIFE <= life <= LONGEST_LIFE:
            raise OutOfRangeError(
                "expires_after",
                f"must be {SHORTEST_LIFE.total_seconds():g} s to "
                f"{LONGEST_LIFE.total_seconds():.0f} s, got {life.total_seconds():g} s",
            )


@dataclass(frozen=True)
class Credential:
    """The API key of a call, and the hash of the secret that was sent."""

    key: KeyRecord
    hash: str


class KeyService:
    """Manages API keys. Keys in use are in memory, so that a revocation counts immediately."""

    def __init__(
        self, store: KeyStore, tenants: TenantStore, server_secret: bytes, now: Clock
    ) -> None:
        """Store keys in `store`, as hashes that need `server_secret`."""
        self._store = store
        self._tenants = tenants
        self._server_secret = server_secret
        self._now = now
        self._known: dict[str, KeyRecord] = {}
        self._changing = asyncio.Lock()
        self.on_change: Callable[[], None] = lambda: None
        """Called when a key may have become invalid."""

    async def create(self, new: NewKey) -> tuple[KeyRecord, KeyText]:
        """Create a key. Return its record and its text. Raises NotFoundError for the tenant."""
        new.check()
        if await self._tenants.find_tenant(new.tenant) is None:
            raise NotFoundError("tenant", new.tenant)
        text, now = new_text(new_id("key_")), self._now()
        record = KeyRecord(
            id=text.key_id,
            tenant=new.tenant,
            role=new.role,
            description=new.description,
            hash=text.hash(self._server_secret),
            create_time=now,
            expire_time=None if new.expires_after is None else now + new.expires_after,
        )
        await self._store.insert(record)
        return record, text

    async def list(self, tenant: str, size: int, token: str) -> Page[KeyRecord]:
        """Return a page of keys, newest first; of all tenants if `tenant` is empty."""
        return await self._store.list(tenant, size, token)

    async def rotate(self, key_id: str, grace: timedelta) -> tuple[KeyRecord, KeyText]:
        """Give a key another secret; the old one stays valid for `grace`.

        Raises OutOfRangeError, NotFoundError, and WrongStateError if the key has ended.
        """
        if not timedelta(0) <= grace <= LONGEST_GRACE:
            raise OutOfRangeError(
                "grace",
                f"must be 0 s to {LONGEST_GRACE.total_seconds():.0f} s, "
                f"got {grace.total_seconds():g} s",
            )
        async with self._changing:
            record, now = await self._get_key(key_id), self._now()
            ended = _end_error(record, now)
            if ended is not None:
                raise WrongStateError("KEY_ENDED", ended.message, ended.detail)
            text = new_text(key_id)
            record = replace(
                record,
                hash=text.hash(self._server_secret),
                previous_hash=record.hash,
                previous_expire_time=now + grace,
                rotate_time=now,
            )
            await self._replace(record)
        return record, text

    async def revoke(self, key_id: str) -> KeyRecord:
        """Revoke a key; one that was revoked before stays as it is. Raises NotFoundError."""
        async with self._changing:
            record = await self._get_key(key_id)
            if record.revoke_time is None:
                record = replace(record, revoke_time=self._now())
                await self._replace(record)
        return record

    async def authenticate(self, text: str) -> Credential:
        """Return the credential for a key's text. Raises UnauthenticatedError."""
        sent = read_text(text)
        sent_hash = sent.hash(self._server_secret)
        record = await self._find_key(sent.key_id)
        # Always compare two hashes: the time taken must not show whether the key exists.
        hashes = (record.hash, record.previous_hash) if record else ("", "")
        matches = [hmac.compare_digest(sent_hash, known) for known in hashes]
        if record is None or not any(matches):
            raise UnauthenticatedError(
                "KEY_UNKNOWN", "unknown API key, or wrong secret", f"key {sent.key_id!r}"
            )
        credential = Credential(record, sent_hash)
        fault = self.fault_of(credential)
        if fault is not None:
            raise fault
        await self._note_use(record)
        return credential

    def fault_of(self, credential: Credential) -> UnauthenticatedError | None:
        """Return the error of a credential that has become invalid; None while it is valid."""
        record, now = self._known.get(credential.key.id, credential.key), self._now()
        ended = _end_error(record, now)
        if ended is not None or hmac.compare_digest(credential.hash, record.hash):
            return ended
        until = record.previous_expire_time
        if credential.hash == record.previous_hash and until is not None and now < until:
            return None
        return UnauthenticatedError(
            "KEY_REPLACED",
            "this API key has been given another secret, which is valid now",
            f"key {record.id!r}",
        )

    async def _find_key(self, key_id: str) -> KeyRecord | None:
        record = self._known.get(key_id)
        if record is None:
            found = await self._store.find_key(key_id)
            if found is None:
                return None
            # The key may have changed while it was read: a record in memory is newer.
            record = self._known.setdefault(key_id, found)
        return record

    async def _get_key(self, key_id: str) -> KeyRecord:
        record = await self._find_key(key_id)
        if record is None:
            raise NotFoundError("key", key_id)
        return record

    async def _replace(self, record: KeyRecord) -> None:
        await self._store.replace(record)
        self._known[record.id] = record
        self.on_change()

    async def _note_use(self, record: KeyRecord) -> None:
        now = self._now()
        if record.last_use_time is None or now - record.last_use_time >= USE_RESOLUTION:
            latest = self._known[record.id]
            self._known[record.id] = replace(latest, last_use_time=now)
            await self._store.used(record.id, now)


def _end_error(record: KeyRecord, now: datetime) -> UnauthenticatedError | None:
    if record.revoke_time is not None:
        when = record.revoke_time.isoformat(timespec="seconds")
        return UnauthenticatedError(
            "KEY_REVOKED", f"this API key was revoked at {when}", f"key {record.id!r}"
        )
    if record.expire_time is not None and now >= record.expire_time:
        when = record.expire_time.isoformat(timespec="seconds")
        return UnauthenticatedError(
            "KEY_EXPIRED", f"this API key expired at {when}", f"key {record.id!r}"
        )
    return None
