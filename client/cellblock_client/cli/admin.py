"""`cellblock admin`: manages tenants and API keys."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import Enum
from itertools import islice
from typing import Annotated

import typer

from cellblock_client.admin_types import AuditEntry, Key, NewKey, Quotas, Role, Tenant
from cellblock_client.channel import ADDRESS_VARIABLE
from cellblock_client.cli import usage
from cellblock_client.cli.access import open_client
from cellblock_client.cli.output import Json, in_json, write_json
from cellblock_client.cli.parameters import duration
from cellblock_client.cli.tables import print_table, table_of
from cellblock_client.cli.words import plain

app = typer.Typer(
    no_args_is_help=True,
    help="Manage tenants, API keys, usage and the audit log (needs an admin key).",
)
tenants = typer.Typer(invoke_without_command=True, help="List tenants, or act on one.")
keys = typer.Typer(invoke_without_command=True, help="List keys, or act on one.")
app.add_typer(tenants, name="tenants")
app.add_typer(keys, name="keys")
app.command("usage")(usage.usage)

Address = Annotated[
    str | None, typer.Option("--address", envvar=ADDRESS_VARIABLE, help="host:port or unix:/path.")
]
TenantId = Annotated[str, typer.Argument(metavar="TENANT")]
KeyId = Annotated[str, typer.Argument(metavar="KEY", help="Key id, key_…")]
MaxSessions = Annotated[int | None, typer.Option(help="Concurrent sessions.")]
MaxExecutions = Annotated[
    int | None, typer.Option(help="Concurrent executions, waiting ones included.")
]
CpuSeconds = Annotated[float | None, typer.Option(help="CPU time in one quota period.")]
StoredBytes = Annotated[int | None, typer.Option(help="Total size of files and records.")]
CallsPerSecond = Annotated[int | None, typer.Option(help="Calls per second.")]
ROLES = {role.name.lower().replace("_", "-"): role for role in Role}


@app.callback()
def admin(context: typer.Context, address: Address = None) -> None:
    """Manage tenants, API keys, usage and the audit log (needs an admin key)."""
    context.obj = address


@tenants.callback()
def list_tenants(context: typer.Context, as_json: Json = None) -> None:
    """List tenants, newest first."""
    if context.invoked_subcommand is not None:
        return
    with open_client(context.obj) as client:
        _show(client.admin.tenants(), as_json=as_json)


@tenants.command("create")
def create_tenant(
    context: typer.Context,
    tenant: TenantId,
    max_sessions: MaxSessions = None,
    max_executions: MaxExecutions = None,
    cpu_seconds: CpuSeconds = None,
    stored_bytes: StoredBytes = None,
    calls_per_second: CallsPerSecond = None,
    as_json: Json = None,
) -> None:
    """Create a tenant. Quotas that you omit have the server's defaults."""
    quotas = Quotas(max_sessions, max_executions, cpu_seconds, stored_bytes, calls_per_second)
    with open_client(context.obj) as client:
        _show([client.admin.create_tenant(tenant, quotas=quotas)], as_json=as_json)


@tenants.command("update")
def update_tenant(
    context: typer.Context,
    tenant: TenantId,
    max_sessions: MaxSessions = None,
    max_executions: MaxExecutions = None,
    cpu_seconds: CpuSeconds = None,
    stored_bytes: StoredBytes = None,
    calls_per_second: CallsPerSecond = None,
    as_json: Json = None,
) -> None:
    """Replace all quotas of a tenant. Quotas that you omit have the server's defaults."""
    quotas = Quotas(max_sessions, max_executions, cpu_seconds, stored_bytes, calls_per_second)
    with open_client(context.obj) as client:
        _show([client.admin.update_tenant(tenant, quotas)], as_json=as_json)


@tenants.command("show")
def show_tenant(context: typer.Context, tenant: TenantId, as_json: Json = None) -> None:
    """Show a tenant."""
    with open_client(context.obj) as client:
        _show([client.admin.get_tenant(tenant)], as_json=as_json)


@app.command("audit")
def audit(
    context: typer.Context,
    tenant: Annotated[str, typer.Option(help="Only calls of this tenant.")] = "",
    key: Annotated[str, typer.Option(help="Only calls of this key.")] = "",
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only the last 1d, 12h or 90s.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Maximum number of entries; 0 for all.")] = 100,
    as_json: Json = None,
) -> None:
    """Show the audit log, newest first."""
    after = None if since is None else datetime.now(UTC) - duration(since)
    with open_client(context.obj) as client:
        found = client.admin.audit(tenant_id=tenant, key_id=key, since=after)
        entries = list(islice(found, limit or None))
    if in_json(as_json):
        write_json(entries)
        return
    table = table_of("time", "tenant", "key", "peer", "call", "about", "outcome")
    for entry in entries:
        about = " ".join(entry.subjects.values())
        outcome = f"{entry.outcome} {entry.reason}"
        columns = (entry.tenant_id, entry.key_id, entry.peer, entry.rpc, about, outcome)
        table.add_row(_words(entry.time), *map(plain, columns))
    print_table(table)


@keys.callback()
def list_keys(
    context: typer.Context,
    tenant: Annotated[str, typer.Option(help="Only this tenant's.")] = "",
    as_json: Json = None,
) -> None:
    """List keys, newest first, revoked ones included."""
    if context.invoked_subcommand is not None:
        return
    with open_client(context.obj) as client:
        _show(client.admin.keys(tenant), as_json=as_json)


@keys.command("create")
def create_key(
    context: typer.Context,
    tenant: TenantId,
    role: Annotated[str, typer.Option(metavar="|".join(ROLES))] = "executor",
    description: Annotated[str, typer.Option(help="Purpose of the key.")] = "",
    expires: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When the key expires, such as 90d. Default: never."),
    ] = None,
    as_json: Json = None,
) -> None:
    """Create an API key and print its secret (shown once)."""
    if role not in ROLES:
        raise typer.BadParameter(f"{role!r} is not one of {', '.join(ROLES)}", param_hint="--role")
    with open_client(context.obj) as client:
        new = client.admin.create_key(
            tenant,
            ROLES[role],
            description=description,
            expires_after=None if expires is None else duration(expires),
        )
    _show_new(new, as_json=as_json)


@keys.command("rotate")
def rotate_key(
    context: typer.Context,
    key: KeyId,
    grace: Annotated[
        str,
        typer.Option(metavar="TIME", help="How long the previous secret stays valid, such as 1d."),
    ] = "0s",
    as_json: Json = None,
) -> None:
    """Replace the secret of a key and print the new one (shown once)."""
    with open_client(context.obj) as client:
        _show_new(client.admin.rotate_key(key, grace=duration(grace)), as_json=as_json)


@keys.command("revoke")
def revoke_key(context: typer.Context, key: KeyId, as_json: Json = None) -> None:
    """Revoke a key immediately and permanently."""
    with open_client(context.obj) as client:
        _show([client.admin.revoke_key(key)], as_json=as_json)


def _show(items: Iterable[Tenant | Key | AuditEntry], *, as_json: bool | None) -> None:
    found = list(items)
    if in_json(as_json):
        write_json(found)
        return
    names = list(vars(found[0])) if found else ["id"]
    table = table_of(names[0], *(name.replace("_", " ") for name in names[1:]))
    for item in found:
        table.add_row(*(_words(value) for value in vars(item).values()))
    print_table(table)


def _show_new(new: NewKey, *, as_json: bool | None) -> None:
    if in_json(as_json):
        write_json([new])
    else:
        typer.echo(f"key {new.key.id}: this is the only time that its secret is shown", err=True)
        typer.echo(new.secret)


def _words(value: object) -> str:
    match value:
        case None:
            return ""
        case Quotas():
            said = {name: bound for name, bound in vars(value).items() if bound is not None}
            return ", ".join(f"{name}={bound:.15g}" for name, bound in said.items())
        case Enum():
            return value.name.lower().replace("_", "-")
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
    return plain(str(value))
