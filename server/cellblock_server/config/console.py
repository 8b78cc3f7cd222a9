"""Configuration of the web console: its address, names and login timeout."""

from datetime import timedelta

from pydantic import Field, model_validator

from cellblock_server.config.loopback import is_loopback
from cellblock_server.config.values import DAY, Duration, Names, Section

DEFAULT_ADDRESS = "127.0.0.1:7780"
"""Address for `cellblock serve --console`."""


class Console(Section):
    """A page to debug with, in a browser; see [the web console](../guides/console.md)."""

    listen: str = Field(
        "",
        description="`host:port` of the web console, `--console` for short. Empty: there is none. "
        "An address that other machines can reach is refused unless `auth.required`, TLS and "
        "`console.hosts` are set; it speaks HTTPS then, with the files of `server.tls_…`.",
    )
    hosts: Names = Field(
        [],
        max_length=100,
        description="Names that browsers may call it by, such as `console.example.org`, besides "
        "the host of `console.listen` and those of loopback. Calls by any other name are refused: "
        "they are made by a page that has its own name point here.",
    )
    login_timeout: Duration = Field(
        timedelta(hours=12),
        ge=timedelta(minutes=1),
        le=30 * DAY,
        description="Time without a request after which a login ends.",
    )

    @model_validator(mode="after")
    def _well_formed(self) -> "Console":
        if not self.listen:
            return self
        host, _, port = self.listen.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            raise ValueError(f"listen: must be host:port, got {self.listen!r}")
        return self

    @property
    def host(self) -> str:
        """Return the host of its address, without brackets; empty if there is no console."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def only_local(self) -> bool:
        """Whether only this machine can reach the console."""
        return not self.listen or is_loopback(self.host)
