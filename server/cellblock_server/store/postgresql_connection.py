"""Connections to PostgreSQL that can't hang for ever, and that carry any text."""

from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.types.string import StrDumper, TextLoader

INTERRUPT_SECONDS = 0.1
"""How often a statement under way looks for Ctrl-C: psycopg's own."""
PARAMETERS: dict[str, Any] = {
    "fallback_application_name": "cellblock",
    # A database of SQL_ASCII would be read as bytes, and could not even be told what is wrong.
    "client_encoding": "utf8",
    # A host that is gone says nothing. In seconds, and milliseconds for the last.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""Where the URL does not say otherwise. Source: libpq's "Parameter Key Words"."""
OPTIONS = (
    # Of PostgreSQL's own side: a lock of a server that is gone must not stay.
    "tcp_keepalives_idle=10",
    "tcp_keepalives_interval=5",
    "tcp_keepalives_count=3",
    "idle_in_transaction_session_timeout=60000",
)

NUL, MARK = "\0", "\x1a"
"""PostgreSQL's text has no NUL: it is stored as a mark and `0`, the mark as itself and `1`."""
STAND_INS = {NUL: f"{MARK}0", MARK: f"{MARK}1"}
ESCAPES = str.maketrans(STAND_INS)


class BoundedConnection(psycopg.Connection[Any]):
    """Raises OperationalError, and is closed, when an answer does not come in time."""

    answer_seconds: float | None = None
    """None waits for ever: a migration takes as long as it takes."""

    def wait(
        self, gen: PQGen[RV], interval: float = INTERRUPT_SECONDS, timeout: float | None = None
    ) -> RV:
        """Drive `gen`, a statement under way, to its end. See `psycopg.Connection.wait`."""
        if timeout is not None or self.answer_seconds is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.answer_seconds)
        except psycopg.OperationalError as error:
            if error.sqlstate is not None or self.closed:
                raise
            # The time is over. What is answered later would be taken for the next statement's.
            self.close()
            raise psycopg.OperationalError(f"no answer within {self.answer_seconds:g} s") from error


class _AnyText(StrDumper):
    """Text to PostgreSQL."""

    def dump(self, obj: str) -> Any:  # noqa: ANN401 - as its base
        return super().dump(obj.translate(ESCAPES) if NUL in obj or MARK in obj else obj)


class _TheText(TextLoader):
    """Text from PostgreSQL."""

    def load(self, data: Any) -> Any:  # noqa: ANN401 - as its base
        text = str(super().load(data))
        if MARK not in text:
            return text
        for plain, stand_in in STAND_INS.items():
            text = text.replace(stand_in, plain)
        return text


def carry_any_text(connection: psycopg.Connection[Any]) -> None:
    """Have a connection take and give back text with NULs in it."""
    connection.adapters.register_dumper(str, _AnyText)
    for name in ("text", "varchar"):
        connection.adapters.register_loader(name, _TheText)
