"""`cellblock admin usage`: current and past usage of tenants."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from cellblock_client.cli.access import open_client
from cellblock_client.cli.output import Json, in_json, write_json
from cellblock_client.cli.tables import print_table, table_of
from cellblock_client.cli.words import plain
from cellblock_client.client import Client
from cellblock_client.server_types import UsageInterval, UsageReport

INTERVALS = {"hour": UsageInterval.HOUR, "day": UsageInterval.DAY, "all": UsageInterval.WHOLE}
FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M"]
GIB, HOUR_SECONDS = 2**30, 3600


def usage(
    context: typer.Context,
    tenant: Annotated[str, typer.Argument(metavar="[TENANT]", help="Default: all.")] = "",
    start: Annotated[
        datetime | None,
        typer.Option("--from", formats=FORMATS, help="Beginning of the report, in UTC."),
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option("--to", formats=FORMATS, help="End of the report, in UTC. Default: now."),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(metavar="hour|day|all", help="Interval of each report. Default: all in one."),
    ] = None,
    as_json: Json = None,
) -> None:
    """Show current usage and quotas of tenants; with --from, --to or --by, past usage."""
    if by is not None and by not in INTERVALS:
        raise typer.BadParameter(f"{by!r} is not one of {', '.join(INTERVALS)}", param_hint="--by")
    with open_client(context.obj) as client:
        if start is None and end is None and by is None:
            _show_now(client, tenant, as_json=as_json)
            return
        interval = INTERVALS[by or "all"]
        reports = client.admin.report_usage(
            tenant, start=_in_utc(start), end=_in_utc(end), interval=interval
        )
        _show_reports(list(reports), as_json=as_json)


def _in_utc(time: datetime | None) -> datetime | None:
    return None if time is None else time.replace(tzinfo=UTC)


def _show_now(client: Client, tenant: str, *, as_json: bool | None) -> None:
    names = [tenant] if tenant else [item.id for item in client.admin.tenants()]
    found = {name: client.admin.usage(name) for name in names}
    if in_json(as_json):
        write_json({"tenant_id": name, **asdict(used)} for name, used in found.items())
        return
    table = table_of("tenant", "sessions", "executions", "cpu seconds", "stored bytes", "calls/s")
    for name, used in found.items():
        may = used.quotas
        table.add_row(
            plain(name),
            f"{used.sessions} of {may.max_sessions}",
            f"{used.executions} of {may.max_executions}",
            f"{used.cpu_seconds:.1f} of {may.cpu_seconds:.15g}",
            f"{used.stored_bytes} of {may.stored_bytes}",
            f"{may.calls_per_second}",
        )
    print_table(table)


def _show_reports(reports: list[UsageReport], *, as_json: bool | None) -> None:
    if in_json(as_json):
        write_json(reports)
        return
    table = table_of(
        "tenant", "from", "to", "sessions", "session hours", "executions", "cpu seconds",
        "stored GiB hours", "egress bytes",
    )  # fmt: skip
    for report in reports:
        table.add_row(
            plain(report.tenant_id),
            f"{report.start_time:%Y-%m-%d %H:%M}",
            f"{report.end_time:%Y-%m-%d %H:%M}",
            str(report.sessions),
            f"{report.session_seconds / HOUR_SECONDS:.2f}",
            str(report.executions),
            f"{report.cpu_seconds:.1f}",
            f"{report.stored_byte_hours / GIB:.3f}",
            str(report.egress_bytes),
        )
    print_table(table)
