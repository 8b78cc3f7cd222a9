"""Connections to PostgreSQL with a time limit for responses, and for text with NULs."""

from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.types.string import StrDumper, TextLoader

INTERRUPT_SECONDS = 0.1
"""Interval at which a running statement checks for Ctrl-C: psycopg's default."""
PARAMETERS: dict[str, Any] = {
    "fallback_application_name": "cellblock",
    # With SQL_ASCII, text would be read as bytes, and the encoding could not be reported.
    "client_encoding": "utf8",
    # A host that is gone does not respond. In seconds; the last one in milliseconds.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""Parameters for those that the URL lacks. Source: libpq's "Parameter Key Words"."""
OPTIONS = (
    # On PostgreSQL's side: the lock of a server that is gone must not stay.
    "tcp_keepalives_idle=10",
    "tcp_keepalives_interval=5",
    "tcp_keepalives_count=3",
    "idle_in_transaction_session_timeout=60000",
)

NUL, MARK = "\0", "\x1a"
"""Escapes for text, which can't have NUL: NUL becomes mark and `0`, mark becomes mark and `1`."""
STAND_INS = {NUL: f"{MARK}0", MARK: f"{MARK}1"}
ESCAPES = str.maketrans(STAND_INS)


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that raises OperationalError and closes if a response does not come in time."""

    answer_seconds: float | None = None
    """Time limit of a response in seconds; None waits forever, as a migration needs."""

    def wait(
        self, gen: PQGen[RV], interval: float = INTERRUPT_SECONDS, timeout: float | None = None
    ) -> RV:
        """Drive `gen`, a running statement, to its end. See `psycopg.Connection.wait`."""
        if timeout is not None or self.answer_seconds is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.answer_seconds)
        except psycopg.OperationalError as error:
            if error.sqlstate is not None or self.closed:
                raise
            # Timed out. A later response would be mistaken for that of the next statement.
            self.close()
            raise psycopg.OperationalError(f"no answer within {self.answer_seconds:g} s") from error


class _AnyText(StrDumper):
    """Converts text for PostgreSQL."""

    def dump(self, obj: str) -> Any:  # noqa: ANN401 - as its base
        return super().dump(obj.translate(ESCAPES) if NUL in obj or MARK in obj else obj)


class _TheText(TextLoader):
    """Converts text from PostgreSQL."""

    def load(self, data: Any) -> Any:  # noqa: ANN401 - as its base
        text = str(super().load(data))
        if MARK not in text:
            return text
        for plain, stand_in in STAND_INS.items():
            text = text.replace(stand_in, plain)
        return text


def carry_any_text(connection: psycopg.Connection[Any]) -> None:
    """Make a connection accept and return text with NULs in it."""
    connection.adapters.register_dumper(str, _AnyText)
    for name in ("text", "varchar"):
        connection.adapters.register_loader(name, _TheText)
