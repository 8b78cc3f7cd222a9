"""AdminService: translates between requests and use cases of operators."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, TypeAlias

import grpc
from google.protobuf.message import Message

from cellblock.v1 import admin_pb2 as pb
from cellblock.v1 import admin_pb2_grpc
from cellblock_server.app.admin import AdminUseCases
from cellblock_server.common.errors import InvalidArgumentError
from cellblock_server.rpc.reports import interval, report_message, server_message
from cellblock_server.rpc.session import span
from cellblock_server.sessions.usage import Used
from cellblock_server.store.audit import AuditFilter
from cellblock_server.store.records import AuditRecord, KeyRecord, Role, TenantRecord
from cellblock_server.tenants.keys import NewKey
from cellblock_server.tenants.quotas import NAMES, Overrides

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class AdminServicer(admin_pb2_grpc.AdminServiceServicer):
    """See `admin.proto`."""

    def __init__(self, admin: AdminUseCases) -> None:
        """Translate to and from `admin`."""
        self._admin = admin

    async def CreateTenant(  # noqa: N802
        self, request: pb.CreateTenantRequest, context: Context
    ) -> pb.CreateTenantResponse:
        """Create a tenant with optional quotas."""
        record = await self._admin.create_tenant(request.tenant_id, _overrides(request.quotas))
        return pb.CreateTenantResponse(tenant=_tenant(record))

    async def GetTenant(  # noqa: N802
        self, request: pb.GetTenantRequest, context: Context
    ) -> pb.GetTenantResponse:
        """Return a tenant."""
        record = await self._admin.get_tenant(request.tenant_id)
        return pb.GetTenantResponse(tenant=_tenant(record))

    async def ListTenants(  # noqa: N802
        self, request: pb.ListTenantsRequest, context: Context
    ) -> pb.ListTenantsResponse:
        """Return a page of tenants."""
        page = await self._admin.list_tenants(request.page_size, request.page_token)
        return pb.ListTenantsResponse(
            tenants=map(_tenant, page.items), next_page_token=page.next_token
        )

    async def UpdateTenant(  # noqa: N802
        self, request: pb.UpdateTenantRequest, context: Context
    ) -> pb.UpdateTenantResponse:
        """Replace a tenant's quotas."""
        record = await self._admin.update_tenant(request.tenant_id, _overrides(request.quotas))
        return pb.UpdateTenantResponse(tenant=_tenant(record))

    async def GetUsage(  # noqa: N802
        self, request: pb.GetUsageRequest, context: Context
    ) -> pb.GetUsageResponse:
        """Return the storage and other resources that a tenant uses now."""
        used = await self._admin.get_usage(request.tenant_id)
        return pb.GetUsageResponse(usage=_usage(used))

    async def ReportUsage(  # noqa: N802
        self, request: pb.ReportUsageRequest, context: Context
    ) -> pb.ReportUsageResponse:
        """Return the usage of tenants by time intervals."""
        page = await self._admin.report_usage(
            request.tenant_id,
            _moment("start_time", request),
            _moment("end_time", request),
            interval(request.interval),
            request.page_size,
            request.page_token,
        )
        return pb.ReportUsageResponse(
            reports=map(report_message, page.items), next_page_token=page.next_token
        )

    async def GetServerStatus(  # noqa: N802
        self, request: pb.GetServerStatusRequest, context: Context
    ) -> pb.GetServerStatusResponse:
        """Return the state and load of the server."""
        now = await self._admin.get_server_status()
        return pb.GetServerStatusResponse(status=server_message(now))

    async def CreateKey(  # noqa: N802
        self, request: pb.CreateKeyRequest, context: Context
    ) -> pb.CreateKeyResponse:
        """Create an API key and return its secret, once."""
        new = NewKey(
            tenant=request.tenant_id,
            role=_role(request.role),
            description=request.description,
            expires_after=span("expires_after", request, request.expires_after),
        )
        record, text = await self._admin.create_key(new)
        return pb.CreateKeyResponse(key=_key(record), secret=str(text))

    async def ListKeys(  # noqa: N802
        self, request: pb.ListKeysRequest, context: Context
    ) -> pb.ListKeysResponse:
        """Return a page of keys, without secrets."""
        page = await self._admin.list_keys(request.tenant_id, request.page_size, request.page_token)
        return pb.ListKeysResponse(keys=map(_key, page.items), next_page_token=page.next_token)

    async def RotateKey(  # noqa: N802
        self, request: pb.RotateKeyRequest, context: Context
    ) -> pb.RotateKeyResponse:
        """Replace a key's secret."""
        grace = span("grace", request, request.grace)
        record, text = await self._admin.rotate_key(request.key_id, grace)
        return pb.RotateKeyResponse(key=_key(record), secret=str(text))

    async def RevokeKey(  # noqa: N802
        self, request: pb.RevokeKeyRequest, context: Context
    ) -> pb.RevokeKeyResponse:
        """Revoke a key."""
        record = await self._admin.revoke_key(request.key_id)
        return pb.RevokeKeyResponse(key=_key(record))

    async def ListAuditEntries(  # noqa: N802
        self, request: pb.ListAuditEntriesRequest, context: Context
    ) -> pb.ListAuditEntriesResponse:
        """Return a page of the audit log."""
        wanted = AuditFilter(request.tenant_id, request.key_id, _moment("since_time", request))
        page = await self._admin.list_audit_entries(wanted, request.page_size, request.page_token)
        return pb.ListAuditEntriesResponse(
            entries=map(_entry, page.items), next_page_token=page.next_token
        )


def _moment(name: str, request: Message) -> datetime | None:
    if not request.HasField(name):
        return None
    try:
        moment: datetime = getattr(request, name).ToDatetime(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidArgumentError(name, "is not a valid time") from error
    return moment


def _entry(record: AuditRecord) -> pb.AuditEntry:
    message = pb.AuditEntry(
        tenant_id=record.tenant,
        key_id=record.key_id,
        peer=record.peer,
        rpc=record.rpc,
        subjects=record.subjects,
        outcome=record.outcome,
        reason=record.reason,
    )
    message.time.FromDatetime(record.time)
    return message


def _role(value: int) -> Role:
    try:
        return Role(value)
    except ValueError as error:
        names = ", ".join(role.name for role in Role)
        raise InvalidArgumentError("role", f"must be one of {names}, got {value}") from error


def _tenant(record: TenantRecord) -> pb.Tenant:
    message = pb.Tenant(id=record.id, quotas=_quotas(record.quotas))
    message.create_time.FromDatetime(record.create_time)
    return message


def _overrides(quotas: Message) -> Overrides:
    return {name: getattr(quotas, name) for name in NAMES if quotas.HasField(name)}


def _quotas(values: Overrides) -> pb.Quotas:
    message = pb.Quotas()
    for name, value in values.items():
        whole = type(getattr(message, name)) is int
        setattr(message, name, int(value) if whole else value)
    return message


def _usage(used: Used) -> pb.Usage:
    message = pb.Usage(
        sessions=used.sessions,
        executions=used.executions,
        cpu_seconds=used.cpu_seconds,
        stored_bytes=used.stored_bytes,
        quotas=_quotas(asdict(used.quotas)),
    )
    message.cpu_period_end_time.FromDatetime(used.cpu_period_end)
    return message


def _key(record: KeyRecord) -> pb.Key:
    message = pb.Key(
        id=record.id,
        tenant_id=record.tenant,
        role=pb.Role.ValueType(record.role),
        description=record.description,
    )
    for name in (
        "create_time",
        "expire_time",
        "rotate_time",
        "previous_expire_time",
        "revoke_time",
        "last_use_time",
    ):
        if (value := getattr(record, name)) is not None:
            getattr(message, name).FromDatetime(value)
    return message
