"""The first API key: created on the server's machine, with write access to its state folder."""

from cellblock_server.common.clock import utc_now
from cellblock_server.store.audit import AuditStore
from cellblock_server.store.database import Database
from cellblock_server.store.keys import KeyStore
from cellblock_server.store.records import AuditRecord, Role
from cellblock_server.store.state_folder import StateFolder
from cellblock_server.store.tenants import TenantStore
from cellblock_server.tenants.keys import KeyService, NewKey
from cellblock_server.tenants.secret import server_secret
from cellblock_server.tenants.tenants import DEFAULT_TENANT


async def create_admin_key(database: Database, state: StateFolder) -> str:
    """Create an API key with the role ADMIN in the default tenant, and return its text.

    The server may be running.
    """
    tenants = TenantStore(database)
    await tenants.ensure(DEFAULT_TENANT, utc_now())
    keys = KeyService(KeyStore(database), tenants, server_secret(state.secret), utc_now)
    record, text = await keys.create(
        NewKey(DEFAULT_TENANT, Role.ADMIN, "made on the server's machine")
    )
    entry = AuditRecord(
        time=record.create_time,
        tenant=DEFAULT_TENANT,
        key_id="",
        peer="create-admin-key",
        rpc="CreateKey",
        subjects={"key_id": record.id, "tenant_id": record.tenant},
        outcome="OK",
        reason="",
    )
    await AuditStore(database).insert([entry])
    return str(text)
