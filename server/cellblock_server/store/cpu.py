"""CPU time used by each tenant in each quota period, in the database."""

from datetime import datetime

from sqlalchemy import Connection, delete, select

from cellblock_server.store.database import Database
from cellblock_server.store.tables import cpu_usage
from cellblock_server.store.upsert import insert_for


class CpuStore:
    """Reads used CPU time and deletes that of past periods."""

    def __init__(self, database: Database) -> None:
        """Store the sums in `database`."""
        self._database = database

    async def used_in(self, period: datetime) -> dict[str, float]:
        """Return the seconds that each tenant has used in the period that began at `period`."""
        query = select(cpu_usage.c.tenant, cpu_usage.c.cpu_seconds).where(
            cpu_usage.c.period == period
        )
        return {row.tenant: row.cpu_seconds for row in await self._database.rows(query)}

    async def forget_before(self, period: datetime) -> None:
        """Delete the sums of periods that began before `period`."""
        await self._database.execute(delete(cpu_usage).where(cpu_usage.c.period < period))


def add_cpu(connection: Connection, tenant: str, period: datetime, seconds: float) -> None:
    """Add CPU time to a tenant's sum, as part of a transaction."""
    values = insert_for(connection, cpu_usage).values(
        tenant=tenant, period=period, cpu_seconds=seconds
    )
    connection.execute(
        values.on_conflict_do_update(
            index_elements=["tenant", "period"],
            set_={"cpu_seconds": cpu_usage.c.cpu_seconds + values.excluded.cpu_seconds},
        )
    )
