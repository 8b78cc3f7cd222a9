"""Storage of metadata in tests: SQLite, or the database that `--store` names."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine

from tests.support.postgresql import Cluster

NAME = "cellblock.db"
PATIENT = {"connect_timeout": "60"}
"""A busy machine is no failure: PostgreSQL starts a process for each connection."""


class _Used:
    cluster: Cluster | None = None


def use(cluster: Cluster | None) -> None:
    """Store the metadata of all later tests in this cluster."""
    _Used.cluster = cluster


def store_url(file: Path) -> str:
    """Return the URL of the database that replaces SQLite's `file`: the same one each time."""
    if _Used.cluster is None:
        return f"sqlite:///{file}"
    url = _Used.cluster.database(str(file)).update_query_dict(PATIENT)
    return url.render_as_string(hide_password=False)


def store_environment(state: Path) -> dict[str, str]:
    """Return the environment with which a server with this state folder uses the database."""
    return {} if _Used.cluster is None else {"CELLBLOCK_STORE__URL": store_url(state / NAME)}


@contextmanager
def database_of(state: Path) -> Iterator[Connection]:
    """Open a server's database outside the server; committed at the end of the block."""
    url = store_url(state / NAME).replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
