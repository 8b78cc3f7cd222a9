"""Calls of AdminService as values: see `calls.py`."""

from datetime import datetime

from cellblock.v1 import admin_pb2 as pb
from cellblock_client.admin_types import (
    AuditEntry,
    Key,
    NewKey,
    Quotas,
    Role,
    Tenant,
    Usage,
    audit_entry,
    key,
    tenant,
    usage,
)
from cellblock_client.calls import PAGE_SIZE, Call, Page, Seconds, duration
from cellblock_client.server_types import (
    ServerStatus,
    UsageInterval,
    UsageReport,
    server_status,
    usage_report,
)


def create_tenant(tenant_id: str, wanted: Quotas) -> Call[Tenant]:
    """Create a tenant, with optional quotas."""
    request = pb.CreateTenantRequest(tenant_id=tenant_id, quotas=_quotas(wanted))
    # A retry would fail with ALREADY_EXISTS because of its own tenant.
    return Call("admin", "CreateTenant", request, lambda r: tenant(r.tenant), repeatable=False)


def get_tenant(tenant_id: str) -> Call[Tenant]:
    """Get a tenant."""
    request = pb.GetTenantRequest(tenant_id=tenant_id)
    return Call("admin", "GetTenant", request, lambda r: tenant(r.tenant))


def update_tenant(tenant_id: str, wanted: Quotas) -> Call[Tenant]:
    """Change a tenant's settings or quotas."""
    request = pb.UpdateTenantRequest(tenant_id=tenant_id, quotas=_quotas(wanted))
    return Call("admin", "UpdateTenant", request, lambda r: tenant(r.tenant))


def get_usage(tenant_id: str) -> Call[Usage]:
    """Get a tenant's current usage and its quotas."""
    request = pb.GetUsageRequest(tenant_id=tenant_id)
    return Call("admin", "GetUsage", request, lambda r: usage(r.usage))


def report_usage(
    token: str,
    tenant_id: str,
    start: datetime | None,
    end: datetime | None,
    interval: UsageInterval,
) -> Call[Page[UsageReport]]:
    """Report a tenant's usage over an interval."""
    request = pb.ReportUsageRequest(
        tenant_id=tenant_id, interval=interval.value, page_size=PAGE_SIZE, page_token=token
    )
    if start is not None:
        request.start_time.FromDatetime(start)
    if end is not None:
        request.end_time.FromDatetime(end)
    return Call(
        "admin",
        "ReportUsage",
        request,
        lambda r: Page([usage_report(item) for item in r.reports], r.next_page_token),
    )


def get_server_status() -> Call[ServerStatus]:
    """Get the server's current status."""
    request = pb.GetServerStatusRequest()
    return Call("admin", "GetServerStatus", request, lambda r: server_status(r.status))


def list_tenants(token: str) -> Call[Page[Tenant]]:
    """List tenants."""
    request = pb.ListTenantsRequest(page_size=PAGE_SIZE, page_token=token)
    return Call(
        "admin",
        "ListTenants",
        request,
        lambda r: Page([tenant(item) for item in r.tenants], r.next_page_token),
    )


def create_key(
    tenant_id: str, role: Role, description: str, expires_after: Seconds | None
) -> Call[NewKey]:
    """Create an API key; not retried, because each attempt would create a key."""
    request = pb.CreateKeyRequest(
        tenant_id=tenant_id,
        role=role.value,
        description=description,
        expires_after=duration(expires_after),
    )
    return Call("admin", "CreateKey", request, _new_key, repeatable=False)


def list_keys(token: str, tenant_id: str) -> Call[Page[Key]]:
    """List API keys."""
    request = pb.ListKeysRequest(tenant_id=tenant_id, page_size=PAGE_SIZE, page_token=token)
    return Call(
        "admin",
        "ListKeys",
        request,
        lambda r: Page([key(item) for item in r.keys], r.next_page_token),
    )


def rotate_key(key_id: str, grace: Seconds) -> Call[NewKey]:
    """Replace a key's secret.

    It is not retried: a second rotation would end the grace period of the secret that is in use.
    """
    request = pb.RotateKeyRequest(key_id=key_id, grace=duration(grace))
    return Call("admin", "RotateKey", request, _new_key, repeatable=False)


def revoke_key(key_id: str) -> Call[Key]:
    """Revoke an API key."""
    request = pb.RevokeKeyRequest(key_id=key_id)
    return Call("admin", "RevokeKey", request, lambda r: key(r.key))


def list_audit_entries(
    token: str, tenant_id: str, key_id: str, since: datetime | None
) -> Call[Page[AuditEntry]]:
    """List entries of the audit log."""
    request = pb.ListAuditEntriesRequest(
        tenant_id=tenant_id, key_id=key_id, page_size=PAGE_SIZE, page_token=token
    )
    if since is not None:
        request.since_time.FromDatetime(since)
    return Call(
        "admin",
        "ListAuditEntries",
        request,
        lambda r: Page([audit_entry(item) for item in r.entries], r.next_page_token),
    )


def _quotas(wanted: Quotas) -> pb.Quotas:
    return pb.Quotas(**vars(wanted))


def _new_key(response: pb.CreateKeyResponse | pb.RotateKeyResponse) -> NewKey:
    return NewKey(key(response.key), response.secret)
