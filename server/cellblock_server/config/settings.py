"""All configuration keys: type, unit, default, bounds and reason.

The source of `docs/reference/configuration.md`.
"""

from typing import Any

from pydantic import Field, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from cellblock_server.config.blobs import Blobs
from cellblock_server.config.callers import Audit, Auth, Quotas, Usage
from cellblock_server.config.console import Console
from cellblock_server.config.former_keys import with_present_names
from cellblock_server.config.profiles import DEFAULT_PROFILE, Profile, with_profile
from cellblock_server.config.sandboxes import Egress, Limits, Pool, Sandbox
from cellblock_server.config.server import Log, Server, Store
from cellblock_server.config.sessions import Executions, Files, RunSteps, Sessions
from cellblock_server.config.telemetry import Telemetry

PREFIX = "CELLBLOCK_"
DELIMITER = "__"


class _PresentNames(PydanticBaseSettingsSource):
    """Source of values, with former names of keys replaced."""

    def __init__(
        self, settings_cls: type[BaseSettings], source: PydanticBaseSettingsSource
    ) -> None:
        super().__init__(settings_cls)
        self._source = source

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self._source.get_field_value(field, field_name)

    def __call__(self) -> dict[str, Any]:
        return with_present_names(self._source())


class Settings(BaseSettings):
    """Whole configuration. Use `load` to read it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        # pydantic's own decoding of lists ends in an error that does not name the variable.
        enable_decoding=False,
        extra="forbid",
        frozen=True,
        validate_default=True,
    )

    profile: Profile = Field(
        DEFAULT_PROFILE,
        description="Defaults for one person's `laptop`, a `team` on one machine, or a `server` "
        "with many tenants; see [Profiles](#profiles). Any key can be set to another value.",
    )
    server: Server = Field(default_factory=Server)
    auth: Auth = Field(default_factory=Auth)
    console: Console = Field(default_factory=Console)
    store: Store = Field(default_factory=Store)
    blobs: Blobs = Field(default_factory=Blobs)
    log: Log = Field(default_factory=Log)
    telemetry: Telemetry = Field(default_factory=Telemetry)
    sandbox: Sandbox = Field(default_factory=Sandbox)
    egress: Egress = Field(default_factory=Egress)
    limits: Limits = Field(default_factory=Limits)
    sessions: Sessions = Field(default_factory=Sessions)
    pool: Pool = Field(default_factory=Pool)
    executions: Executions = Field(default_factory=Executions)
    files: Files = Field(default_factory=Files)
    quotas: Quotas = Field(default_factory=Quotas)
    usage: Usage = Field(default_factory=Usage)
    audit: Audit = Field(default_factory=Audit)
    run_steps: RunSteps = Field(default_factory=RunSteps)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments, then variables; `load` adds the file."""
        sources = (init_settings, env_settings)
        return tuple(_PresentNames(settings_cls, source) for source in sources)

    @model_validator(mode="before")
    @classmethod
    def _over_profile(cls, values: dict[str, Any]) -> dict[str, Any]:
        return with_profile(values)

    @model_validator(mode="after")
    def _guarded(self) -> "Settings":
        server = self.server
        missing = [] if self.auth.required else ["auth.required = true"]
        if not server.tls_certificate:
            missing += ["server.tls_certificate", "server.tls_key"]
        if missing and not server.only_local:
            host = server.listen.rpartition(":")[0]
            raise ValueError(
                f"server.listen: {host!r} is not a loopback address: anyone who reaches it could "
                f"run code, or read what is sent; set {', '.join(missing)}"
            )
        return self

    @model_validator(mode="after")
    def _console_guarded(self) -> "Settings":
        needed = {
            "auth.required = true": self.auth.required,
            "server.tls_certificate": self.server.tls_certificate,
            "server.tls_key": self.server.tls_key,
            "console.hosts": self.console.hosts,
        }
        missing = [name for name, value in needed.items() if not value]
        if missing and not self.console.only_local:
            raise ValueError(
                f"console.listen: {self.console.host!r} is not a loopback address: anyone who "
                f"reaches it could run code, or read what is sent; set {', '.join(missing)}"
            )
        return self

    @property
    def database_url(self) -> str:
        """Return the database's URL."""
        default = f"sqlite:///{self.server.state_dir.absolute() / 'cellblock.db'}"
        return self.store.url or default
