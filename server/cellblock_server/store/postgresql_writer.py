"""Writer to PostgreSQL: one connection of one server, which locks out all other servers.

The advisory lock belongs to the connection that writes: when the connection is lost, so is the
lock, and PostgreSQL grants the lock again only after the transaction of the lost connection has
ended. So the next holder of the lock can tell whether that transaction was committed.
"""

from collections.abc import Callable
from typing import NoReturn, TypeVar

import structlog
from sqlalchemy import Connection, Engine, bindparam, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from cellblock_server.common.errors import UnavailableError
from cellblock_server.common.ids import new_id
from cellblock_server.store.outage import TAKEN, HeldError, Outage, is_away, is_held
from cellblock_server.store.owner import Owner
from cellblock_server.store.tables import owner as owners
from cellblock_server.store.timings import StoreTimings

LOCK = 1128614988, 1
"""Key of the advisory lock of a database's one server: `CELL` and a number."""
TRY_LOCK = text("SELECT pg_try_advisory_lock(:space, :number)")
HOLDER = text(
    "SELECT host(client_addr), backend_start FROM pg_locks JOIN pg_stat_activity USING (pid) "
    "WHERE locktype = 'advisory' AND granted AND classid = :space AND objid = :number "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
LOCK_WORDS = {"space": LOCK[0], "number": LOCK[1]}
ONE = 1
"""The id of the only row of `owner`."""
CLAIM = update(owners).where(owners.c.id == ONE)
NUMBER = CLAIM.where(owners.c.token == bindparam("this_token"))
KNOWN = select(owners.c.token, owners.c.writes)
LOCK_TIMEOUT = text("SELECT set_config('lock_timeout', :milliseconds, false)")
LOCK_NOT_AVAILABLE = "55P03"
"""Source: PostgreSQL's appendix "Error Codes"."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Writer:
    """Owns one connection, used from one thread, and replaces it when it is lost."""

    def __init__(self, engine: Engine, owner: Owner, outage: Outage, timings: StoreTimings) -> None:
        """Write through `engine`, as `owner`; wait for the database as `outage` says."""
        self._engine = engine
        self._owner = owner
        self._outage = outage
        self._timings = timings
        self._token = new_id("")
        """Token of this process: another token in the database shows another owner since."""
        self._writes = 0
        """Number of transactions so far: each stores its number with its data."""
        self._claimed = False
        self._uncertain = 0
        """Number of a transaction whose commit was not acknowledged; 0 for none."""
        self._over = ""
        """Reason why nothing is written any more; empty while writes continue."""
        self._is_locked = False
        """Whether the last write timed out on a table that another connection has locked."""
        self._connection: Connection | None = None

    def open(self) -> Connection:
        """Return the connection, with the lock unless a command runs beside a server.

        Raises HeldError if another server still has the lock after a while: one that has just ended
        may keep it briefly. Anything else that prevents a start is raised immediately, for the
        operator.
        """
        return self._outage.outlasted(self._held, is_held)

    def claim(self, connection: Connection) -> None:
        """Store this server as the database's owner, in a transaction, once there are tables.

        Raises UnavailableError if the database belongs to another state folder.
        """
        if not self._owner.is_alone:
            return
        mine = {"instance": self._owner.instance, "token": self._token, "writes": 0}
        theirs = connection.execute(select(owners.c.instance)).scalar_one_or_none()
        if theirs is None:
            connection.execute(insert(owners).values(id=ONE, **mine))
        elif theirs == self._owner.instance:
            connection.execute(CLAIM.values(**mine))
        else:
            raise UnavailableError(
                "STORE_TAKEN",
                TAKEN,
                detail="the database belongs to the state folder whose `instance` is "
                f"{theirs!r}, and this one's is {self._owner.instance!r}: sessions and files "
                "would not be found here. Use that folder (docs/operate/backup.md says how to "
                "move it), "
                "or another database",
            )

    def claimed(self) -> None:
        """Record that the claim was committed."""
        self._claimed = self._owner.is_alone

    def write(self, change: Callable[[Connection], T]) -> T:
        """See `Dialect`."""
        if self._over:
            raise UnavailableError("STORE_TAKEN", TAKEN, detail=self._over)
        connection = self._outage.outlasted(self._begun)
        try:
            result = change(connection)
            self._note_lock(connection, is_locked=False)
        except BaseException as error:
            self._undo(connection)
            self._note_lock(connection, is_locked=is_locked(error))
            raise
        try:
            connection.commit()
        except DBAPIError as error:
            self._undo(connection)
            if not is_away(error) or not self._was_committed():
                raise
        return result

    def close(self) -> None:
        """Close the connection, which releases the lock."""
        self._drop()

    def _begun(self) -> Connection:
        """Return the connection, in a transaction that has a number."""
        connection = self._held()
        if not self._claimed:
            return connection
        this = {"this_token": self._token, "writes": self._writes + 1}
        try:
            found = connection.execute(NUMBER, this).rowcount
        except BaseException as error:
            self._undo(connection)
            self._note_lock(connection, is_locked=is_locked(error))
            raise
        self._writes += 1
        if not found:
            self._undo(connection)
            self._stop("another server has used the database meanwhile")
        return connection

    def _held(self) -> Connection:
        if self._connection is None:
            connection = self._engine.connect().execution_options(isolation_level="READ COMMITTED")
            self._connection = connection
            try:
                self._lock(connection)
                milliseconds = f"{round(self._timings.busy * 1000)}"
                connection.execute(LOCK_TIMEOUT, {"milliseconds": milliseconds})
                if self._claimed:
                    self._check_ownership(connection)
                connection.commit()
            except BaseException:
                self._drop()
                raise
        return self._connection

    def _lock(self, connection: Connection) -> None:
        if not self._owner.is_alone or connection.execute(TRY_LOCK, LOCK_WORDS).scalar_one():
            return
        if self._claimed:
            # Not an earlier connection of this server that is still open: it would have left our
            # token.
            self._look_for_others(connection)
        holder = connection.execute(HOLDER, LOCK_WORDS).first()
        # PostgreSQL shows nothing about connections of other roles.
        where = ""
        if holder is not None and holder[1] is not None:
            where = f" from {holder[0] or 'a local socket'}, since {holder[1]}"
        raise HeldError(
            f"another server uses the database{where}; give each its own, or end that one"
        )

    def _check_ownership(self, connection: Connection) -> None:
        """Check, with the lock acquired again, whether another server has changed the database."""
        writes = self._look_for_others(connection)
        if self._uncertain and writes == self._uncertain:
            self._stop(
                "the database was away too long: a write that was reported as failed is stored"
            )
        elif self._uncertain:
            log.info("store_commit_undone", writes=self._uncertain)
        self._uncertain = 0

    def _look_for_others(self, connection: Connection) -> int:
        """Return the number of our last transaction that is stored."""
        known = connection.execute(KNOWN).one_or_none()
        if known is None or known.token != self._token:
            self._stop("another server has used the database since the connection to it was lost")
        return int(known.writes)

    def _was_committed(self) -> bool:
        """Whether the last transaction, whose commit was not acknowledged, was committed.

        Raises the outage's error if the database stays unavailable: the next write checks again.
        """
        if not self._claimed:
            return False
        self._uncertain = self._writes

        def was_stored() -> bool:
            uncertain, self._uncertain = self._uncertain, 0
            try:
                connection = self._held()
                writes = self._look_for_others(connection)
                connection.commit()
            except BaseException:
                self._uncertain = uncertain
                self._drop()
                raise
            return writes == uncertain

        return self._outage.outlasted(was_stored)

    def _undo(self, connection: Connection) -> None:
        """Roll back; a connection that can't is closed, which has the same effect."""
        try:
            connection.rollback()
        except DBAPIError as error:
            log.warning("store_connection_given_up", problem=type(error.orig).__name__)
            self._drop()
        else:
            if connection.invalidated:
                self._drop()

    def _note_lock(self, connection: Connection, *, is_locked: bool) -> None:
        """Shorten the lock wait of writes after one that timed out on a lock."""
        if is_locked == self._is_locked or self._connection is None:
            return
        self._is_locked = is_locked
        seconds = self._timings.busy_behind if is_locked else self._timings.busy
        connection.execute(LOCK_TIMEOUT, {"milliseconds": f"{round(seconds * 1000)}"})
        if is_locked:
            connection.commit()

    def _drop(self) -> None:
        """Close the connection itself: in the pool, it would keep the lock."""
        connection, self._connection = self._connection, None
        self._is_locked = False
        if connection is not None:
            connection.invalidate()
            connection.close()

    def _stop(self, why: str) -> NoReturn:
        """Stop writing: this server's memory differs from the stored data.

        Raises UnavailableError.
        """
        self._over = f"{why}: this server stops; restart it to continue with the stored data"
        log.error("store_given_up", problem=self._over)
        self._owner.give_up(self._over)
        raise UnavailableError("STORE_TAKEN", TAKEN, detail=self._over)


def is_locked(error: BaseException) -> bool:
    """Whether another connection has locked the rows or table to write."""
    return (
        isinstance(error, DBAPIError)
        and getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE
    )
