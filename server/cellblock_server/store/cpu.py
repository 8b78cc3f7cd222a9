"""How much CPU time tenants have used, by periods, in the database."""

from datetime import datetime

from sqlalchemy import Connection, delete, select

from cellblock_server.store.database import Database
from cellblock_server.store.tables import cpu_usage
from cellblock_server.store.upsert import insert_for


class CpuStore:
    """Reads it, and forgets what is over."""

    def __init__(self, database: Database) -> None:
        """Keep it in `database`."""
        self._database = database

    async def used_in(self, period: datetime) -> dict[str, float]:
        """Seconds of each tenant in the period that began then."""
        query = select(cpu_usage.c.tenant, cpu_usage.c.cpu_seconds).where(
            cpu_usage.c.period == period
        )
        return {row.tenant: row.cpu_seconds for row in await self._database.rows(query)}

    async def forget_before(self, period: datetime) -> None:
        """Forget periods that began before that one."""
        await self._database.execute(delete(cpu_usage).where(cpu_usage.c.period < period))


def add_cpu(connection: Connection, tenant: str, period: datetime, seconds: float) -> None:
    """Add to what a tenant has used, as part of a transaction."""
    values = insert_for(connection, cpu_usage).values(
        tenant=tenant, period=period, cpu_seconds=seconds
    )
    connection.execute(
        values.on_conflict_do_update(
            index_elements=["tenant", "period"],
            set_={"cpu_seconds": cpu_usage.c.cpu_seconds + values.excluded.cpu_seconds},
        )
    )
