"""Configuration of the listener, the database and the log."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import ByteSize, Field, field_validator, model_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from cellblock_server.config.loopback import is_loopback
from cellblock_server.config.user_dirs import user_dirs
from cellblock_server.config.values import (
    DAY,
    MIB,
    Duration,
    Section,
    internal,
)

STORE_URL = re.compile(r"(sqlite:///|postgresql://).+")


def _state_dir() -> Path:
    return user_dirs().user_state_path


class Server(Section):
    """Listener, TLS, state directory, and limits of connections and calls."""

    listen: str = Field(
        "127.0.0.1:7711",
        description="Where to listen: `host:port` or `unix:/path`. An address that other "
        "machines can reach is refused unless `auth.required` and TLS are set.",
    )
    tls_certificate: str = Field(
        "",
        description="PEM file of the server's certificate and of its intermediate ones. "
        "Empty: no TLS. A changed file applies to the next connection.",
    )
    tls_key: str = Field(
        "", description="PEM file of the certificate's private key, without a password."
    )
    tls_client_ca: str = Field(
        "",
        description="CA certificate (PEM) used to verify callers (mutual TLS). Each needs a "
        "certificate of this CA, and an API key as well if `auth.required`. Empty: no mutual TLS.",
    )
    health_socket: str = Field(
        "",
        pattern=r"^(/.+)?$",
        description="Absolute path of a Unix socket for the health service only, without TLS and "
        "API key: for the health check of a container. Empty: none.",
    )
    state_dir: Path = Field(
        default_factory=_state_dir,
        description="Directory of the database, stored files and sandboxes' sockets. "
        "Only one server can use it. Default: `$XDG_STATE_HOME/cellblock`, or "
        "`~/.local/state/cellblock`.",
    )
    drain_timeout: Duration = Field(
        timedelta(seconds=2),
        ge=timedelta(0),
        le=DAY,
        description="Time that calls that can't be resumed may continue when the server is asked "
        "to stop. The next server can't start before. Streams that can be resumed end immediately "
        "(`SERVER_STOPPING`).",
    )
    unread_timeout: Duration = internal(
        timedelta(minutes=10),
        "Time that a stream waits for its caller to read what was sent, before it ends "
        "(`STREAM_NOT_READ`). It only has to be longer than a slow network's pauses.",
        ge=timedelta(seconds=1),
        le=DAY,
    )
    idle_upload_timeout: Duration = internal(
        timedelta(minutes=5),
        "Time that an upload, or a write into a session, waits for the next bytes of its caller, "
        "before it ends (`UPLOAD_IDLE`). A named upload can be resumed.",
        ge=timedelta(seconds=1),
        le=DAY,
    )
    max_message_bytes: ByteSize = internal(
        ByteSize(8 * MIB),
        "Size of one message from a caller. The client sends files in pieces of 1 MiB.",
        ge=2 * MIB,
        le=64 * MIB,
    )
    max_connections: int = Field(
        500,
        ge=10,
        le=100_000,
        description="Simultaneous connections of callers, also those in their TLS handshake; a "
        "client has one. When there are more, the oldest one that has shown no valid key is "
        "closed, and if all have, the one longest unused of the tenant that has the most. At most "
        "half of them may be without a valid key. Each takes one of the process's open files "
        "(`ulimit -n`), of which a session needs some as well; for a moment there may be a "
        "quarter more. At a Unix socket, more are closed as they come.",
    )
    max_calls_per_connection: int = internal(
        100,
        "Open calls of one connection, streams included. The client opens further connections for "
        "more; other clients delay calls until others have ended, without an error.",
        ge=10,
        le=10_000,
    )
    authentication_timeout: Duration = internal(
        timedelta(seconds=10),
        "Time that a connection has until its first call with a valid key, TLS handshake included. "
        "Then it is closed. Where no key is needed, any call will do. Each call of the health "
        "service gives as much time again.",
        ge=timedelta(seconds=1),
        le=DAY,
    )
    request_timeout: Duration = internal(
        timedelta(seconds=30),
        "Time that a call's request has to arrive; of a stream of requests, the first one. Then "
        "the call fails (`REQUEST_NOT_RECEIVED`).",
        ge=timedelta(milliseconds=100),
        le=DAY,
    )

    @model_validator(mode="after")
    def _well_formed(self) -> "Server":
        if self.listen.startswith("unix:"):
            if not self.listen.removeprefix("unix:").startswith("/"):
                raise ValueError(f"listen: a socket's path must be absolute, got {self.listen!r}")
            return self
        host, _, port = self.listen.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            raise ValueError(f"listen: must be host:port or unix:/path, got {self.listen!r}")
        return self

    @model_validator(mode="after")
    def _tls_whole(self) -> "Server":
        for name, other in (("tls_certificate", "tls_key"), ("tls_key", "tls_certificate")):
            if getattr(self, name) and not getattr(self, other):
                raise ValueError(f"{name}: needs server.{other}")
        if self.tls_client_ca and not self.tls_certificate:
            raise ValueError("tls_client_ca: needs server.tls_certificate and server.tls_key")
        return self

    @property
    def only_local(self) -> bool:
        """Whether only this machine can reach the listener."""
        host = self.listen.rpartition(":")[0].strip("[]")
        return self.listen.startswith("unix:") or is_loopback(host)


class Store(Section):
    """Database of metadata."""

    url: str = Field(
        "",
        repr=False,
        description="Database: `sqlite:////path`, or "
        "`postgresql://user@host:port/database?sslmode=verify-full` with any of libpq's parameters "
        "(see [storage](../operate/storage.md)). Empty: `cellblock.db` in the state folder.",
    )
    password_file: str = Field(
        "",
        description="File whose first line is PostgreSQL's password, if `store.url` has none. "
        "Empty: `PGPASSWORD`, or libpq's own password file (`PGPASSFILE`, `~/.pgpass`).",
    )

    synchronous: Literal["normal", "full"] = Field(
        "normal",
        description="SQLite's setting of that name. With `normal`, acknowledged data survives a "
        "server crash; a host crash or power loss can lose the last seconds. With `full`, it "
        "survives both (see [storage](../operate/storage.md)). PostgreSQL has its own setting.",
    )

    @field_validator("url")
    @classmethod
    def _known(cls, url: str) -> str:
        # The value is not repeated: it may contain a password.
        try:
            known = not url or bool(STORE_URL.fullmatch(url) and make_url(url).database)
        except (ArgumentError, ValueError):
            known = False
        if not known:
            raise ValueError(
                "must be sqlite:///PATH, or postgresql://[USER[:PASSWORD]@][HOST][:PORT]/DATABASE"
            ) from None
        return url

    @model_validator(mode="after")
    def _password_wanted(self) -> "Store":
        if self.password_file and not self.url.startswith("postgresql"):
            raise ValueError("password_file: needs store.url to be postgresql://…")
        return self

    @model_validator(mode="after")
    def _synchronous_wanted(self) -> "Store":
        if self.synchronous != "normal" and self.url.startswith("postgresql"):
            raise ValueError("synchronous: is SQLite's; PostgreSQL has synchronous_commit")
        return self


class Log(Section):
    """Log on standard error. It never has code, file contents or variables' values."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Level of the least important lines that are written."
    )
    format: Literal["console", "json"] = Field(
        "console", description="Lines for people, or one JSON object a line for programs."
    )
