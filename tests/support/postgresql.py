"""A PostgreSQL cluster of the tests: Debian's programs, in a folder that is removed at the end."""

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, create_engine

from cellblock_server.store.postgresql import DRIVER
from cellblock_server.store.schema import migrate
from tests.support.waiting import until

MEMORY, MEMORY_BYTES = Path("/dev/shm"), 4 * 2**30
PORTS = range(20_000, 30_000)
"""Ports below the range that Linux assigns automatically."""
START_SECONDS = 50
PROGRAMS = Path("/usr/lib/postgresql")
ADMIN, ROLE, PASSWORD = "admin", "cellblock", "sesame-of-the-role"
TEMPLATE = "with_tables"
"""A database that has the tables already: to copy it is quicker than to migrate another."""
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "32MB",
}
FORGETFUL = {
    # These settings lose data only if the machine fails, not if a process does.
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}


def programs() -> Path | None:
    """Return the folder of the newest installed PostgreSQL."""
    found = sorted(PROGRAMS.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class Cluster:
    """A PostgreSQL server that can be stopped, killed and started again."""

    def __init__(self, *, durable: bool = False) -> None:
        self._settings = SETTINGS if durable else {**SETTINGS, **FORGETFUL}
        # Databases are many small files: in memory, unless a test asks what a disk costs.
        in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_BYTES
        where = MEMORY if in_memory and not durable else None
        self.folder = Path(tempfile.mkdtemp(prefix="cellblock-pg-", dir=where))
        self.port = _free_port()
        self._databases: set[str] = set()
        self._process: subprocess.Popen[bytes] | None = None
        if os.getuid() == 0:
            # It refuses to run as root.
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self.folder.chmod(0o755)
            self._as_ordinary_user: dict[str, Any] = {
                "user": nobody.pw_uid,
                "group": nobody.pw_gid,
                "extra_groups": [],
            }
        else:
            self._as_ordinary_user = {}

    def make(self) -> None:
        """Create the cluster and start it."""
        subprocess.run(
            [
                self._program("initdb"),
                f"--pgdata={self._data}",
                f"--username={ADMIN}",
                "--auth-local=trust",
                "--auth-host=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
            **self._as_ordinary_user,
        )
        self.start()
        with self.admin() as connection:
            connection.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'")
        self.create(TEMPLATE)
        engine = create_engine(self.url(TEMPLATE).set(drivername=DRIVER))
        with engine.begin() as connection:
            migrate(connection)
        engine.dispose()

    def start(self) -> None:
        """Start the server, and wait until it accepts connections."""
        options = [
            part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._program("postgres"),
                    "-D",
                    self._data,
                    "-p",
                    str(self.port),
                    "-k",
                    self.folder,
                    *options,
                ],
                stdout=log,
                stderr=log,
                cwd="/",
                **self._as_ordinary_user,
            )
        until(self._answers, START_SECONDS)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: it closes connections and rolls back. SIGQUIT is like a crash."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(30)
        self._process = None

    @property
    def is_running(self) -> bool:
        """Whether the server was started and has not been stopped."""
        return self._process is not None

    def remove(self) -> None:
        """Stop the server and delete its folder."""
        if self._process is not None:
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def create(self, name: str, template: str = "template0", encoding: str = "UTF8") -> None:
        """Create a database that belongs to the tests' role."""
        with self.admin() as connection:
            connection.execute(
                f"CREATE DATABASE {name} TEMPLATE {template} OWNER {ROLE} ENCODING '{encoding}'"
                + (" LOCALE 'C'" if encoding != "UTF8" else "")
            )

    def drop(self, name: str) -> None:
        """Remove a database, and end its connections."""
        with self.admin() as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def database(self, what: str) -> URL:
        """Return the database for `what`, with tables; created on first use."""
        name = f"for_{sha256(what.encode()).hexdigest()[:20]}"
        if name not in self._databases:
            self.create(name, TEMPLATE)
            self._databases.add(name)
        return self.url(name)

    def url(self, name: str) -> URL:
        """Return the URL of a database over the socket, where no password is needed."""
        where = {"host": str(self.folder), "port": str(self.port)}
        return URL.create("postgresql", username=ROLE, database=name, query=where)

    def tcp_url(self, name: str, port: int = 0, password: str | None = PASSWORD) -> URL:
        """Return the URL of a database over TCP; with the port of a relay if one is between."""
        return URL.create("postgresql", ROLE, password, "127.0.0.1", port or self.port, name)

    def admin(self, name: str = "postgres") -> psycopg.Connection[Any]:
        """Open a connection with all rights."""
        return psycopg.connect(
            host=str(self.folder), port=self.port, user=ADMIN, dbname=name, autocommit=True
        )

    def until_left(self, name: str) -> None:
        """Wait until the server has closed a database's connections whose other ends are closed."""
        left = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        with self.admin() as connection:

            def is_left() -> bool:
                return connection.execute(left, (name,)).fetchone() == (0,)

            until(is_left)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _program(self, name: str) -> Path:
        found = programs()
        assert found is not None
        return found / name

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text()
        try:
            self.admin().close()
        except psycopg.OperationalError:
            return False
        return True


def _free_port() -> int:
    """Return a port that no program gets by chance while the cluster is stopped."""
    for port in random.sample(PORTS, len(PORTS)):
        with closing(socket.socket()) as found:
            try:
                found.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError(f"no port of {PORTS} is free")
