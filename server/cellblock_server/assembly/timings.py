"""Times that are not configurable, as one value that is passed when the server is assembled.

Each part declares its own times beside its code; tests run a real server with short ones.
"""

from dataclasses import dataclass, field

from cellblock_server.agent.timings import AgentTimings
from cellblock_server.backends.docker.engine_watch import EngineTimings
from cellblock_server.blobs.s3_timings import S3Timings
from cellblock_server.common.supervisor import RestartPauses
from cellblock_server.console.timings import ConsoleTimings
from cellblock_server.executions.overdue import OverdueTimings
from cellblock_server.sessions.billing import BillingTimings
from cellblock_server.sessions.keeper import KeeperTimings
from cellblock_server.sessions.meter import MeterTimings
from cellblock_server.sessions.pool import PoolTimings
from cellblock_server.sessions.readiness import ReadinessTimings
from cellblock_server.sessions.retention import RetentionTimings
from cellblock_server.store.timings import StoreTimings
from cellblock_server.tenants.audit import AuditTimings


@dataclass(frozen=True)
class Timings:
    """Times of all parts; the defaults are for production."""

    keeper: KeeperTimings = field(default_factory=KeeperTimings)
    pool: PoolTimings = field(default_factory=PoolTimings)
    restart: RestartPauses = field(default_factory=RestartPauses)
    retention: RetentionTimings = field(default_factory=RetentionTimings)
    audit: AuditTimings = field(default_factory=AuditTimings)
    billing: BillingTimings = field(default_factory=BillingTimings)
    meter: MeterTimings = field(default_factory=MeterTimings)
    readiness: ReadinessTimings = field(default_factory=ReadinessTimings)
    agent: AgentTimings = field(default_factory=AgentTimings)
    overdue: OverdueTimings = field(default_factory=OverdueTimings)
    console: ConsoleTimings = field(default_factory=ConsoleTimings)
    engine: EngineTimings = field(default_factory=EngineTimings)
    s3: S3Timings = field(default_factory=S3Timings)
    store: StoreTimings = field(default_factory=StoreTimings)


DEFAULT_TIMINGS = Timings()
