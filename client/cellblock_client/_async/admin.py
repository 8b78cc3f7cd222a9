"""Management of tenants and API keys. Requires a key with the role ADMIN."""

from collections.abc import AsyncIterator
from datetime import datetime

from cellblock_client import admin_calls
from cellblock_client._async.transport import AsyncTransport
from cellblock_client.admin_types import AuditEntry, Key, NewKey, Quotas, Role, Tenant, Usage
from cellblock_client.calls import CALL_SECONDS, Seconds
from cellblock_client.server_types import ServerStatus, UsageInterval, UsageReport


class AsyncAdmin:
    """Manages tenants, API keys, usage and the audit log. Requires a key with the role ADMIN."""

    def __init__(self, transport: "AsyncTransport") -> None:
        """Use `AsyncClient.admin`."""
        self._transport = transport

    async def create_tenant(
        self,
        tenant_id: str,
        *,
        quotas: Quotas | None = None,
        timeout: float | None = CALL_SECONDS,
    ) -> Tenant:
        """Create a tenant. Its id has 1 to 63 lower-case letters, digits, `-` or `_`."""
        call = admin_calls.create_tenant(tenant_id, quotas or Quotas())
        return await self._transport.call(call, timeout)

    async def update_tenant(
        self, tenant_id: str, quotas: Quotas, *, timeout: float | None = CALL_SECONDS
    ) -> Tenant:
        """Replace all quotas of a tenant."""
        return await self._transport.call(admin_calls.update_tenant(tenant_id, quotas), timeout)

    async def usage(self, tenant_id: str, *, timeout: float | None = CALL_SECONDS) -> Usage:
        """Return current usage and quotas of a tenant."""
        return await self._transport.call(admin_calls.get_usage(tenant_id), timeout)

    def report_usage(
        self,
        tenant_id: str = "",
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        interval: UsageInterval = UsageInterval.WHOLE,
        timeout: float | None = CALL_SECONDS,
    ) -> AsyncIterator[UsageReport]:
        """Iterate over the usage of one tenant or of all, in whole hours of UTC, oldest first.

        `start` defaults to the earliest hour that the server keeps, `end` to now. Sessions
        that the server no longer keeps are included, as a bill needs it.
        """
        return self._transport.items(
            lambda token: admin_calls.report_usage(token, tenant_id, start, end, interval), timeout
        )

    async def server_status(self, *, timeout: float | None = CALL_SECONDS) -> ServerStatus:
        """Return the state of the server: its readiness, sessions and pool."""
        return await self._transport.call(admin_calls.get_server_status(), timeout)

    async def get_tenant(self, tenant_id: str, *, timeout: float | None = CALL_SECONDS) -> Tenant:
        """Return a tenant by id."""
        return await self._transport.call(admin_calls.get_tenant(tenant_id), timeout)

    def tenants(self, *, timeout: float | None = CALL_SECONDS) -> AsyncIterator[Tenant]:
        """Iterate over all tenants, newest first. Pages are fetched as needed."""
        return self._transport.items(admin_calls.list_tenants, timeout)

    async def create_key(
        self,
        tenant_id: str,
        role: Role,
        *,
        description: str = "",
        expires_after: Seconds | None = None,
        timeout: float | None = CALL_SECONDS,
    ) -> NewKey:
        """Create an API key. Its secret is returned only once."""
        call = admin_calls.create_key(tenant_id, role, description, expires_after)
        return await self._transport.call(call, timeout)

    def keys(
        self, tenant_id: str = "", *, timeout: float | None = CALL_SECONDS
    ) -> AsyncIterator[Key]:
        """Iterate over the keys of one tenant or of all, newest first, revoked ones included."""
        return self._transport.items(lambda token: admin_calls.list_keys(token, tenant_id), timeout)

    async def rotate_key(
        self, key_id: str, *, grace: Seconds = 0, timeout: float | None = CALL_SECONDS
    ) -> NewKey:
        """Replace the secret of a key. The old one stays valid for `grace`, at most 30 days."""
        return await self._transport.call(admin_calls.rotate_key(key_id, grace), timeout)

    async def revoke_key(self, key_id: str, *, timeout: float | None = CALL_SECONDS) -> Key:
        """Revoke a key immediately and permanently."""
        return await self._transport.call(admin_calls.revoke_key(key_id), timeout)

    def audit(
        self,
        *,
        tenant_id: str = "",
        key_id: str = "",
        since: datetime | None = None,
        timeout: float | None = CALL_SECONDS,
    ) -> AsyncIterator[AuditEntry]:
        """Iterate over the audit log, newest first. Filter by tenant, key and start time."""
        return self._transport.items(
            lambda token: admin_calls.list_audit_entries(token, tenant_id, key_id, since), timeout
        )
