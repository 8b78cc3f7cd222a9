"""All keys: type, unit, default, bounds and reason. `docs/configuration.md` is made from this.

Sizes are bytes, as a number or as text (`"512 MiB"`). Times are seconds, as a
number, or ISO 8601 text (`"PT20M"`). Lists in variables are JSON (`["numpy"]`).
"""

import ipaddress
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ByteSize, ConfigDict, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from cellblock_server.host_rules import parse_rule

KIB, MIB, GIB = 2**10, 2**20, 2**30
MOMENT = timedelta(milliseconds=1)
DAY = timedelta(days=1)
PREFIX = "CELLBLOCK_"
DELIMITER = "__"


def _plain_seconds(value: object) -> object:
    """Let variables and flags say `30`, as the file does."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _from_json(value: object) -> object:
    """Let variables hold a list; what is none is left for the list's own check to refuse."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


Names = Annotated[list[str], BeforeValidator(_from_json)]
Duration = Annotated[timedelta, BeforeValidator(_plain_seconds)]
Number = TypeVar("Number", ByteSize, int, float)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _at_most(name: str, value: timedelta, limit: str, most: timedelta) -> None:
    if value > most:
        raise ValueError(
            f"{name}: must be at most {limit} ({most.total_seconds():g} s), "
            f"got {value.total_seconds():g} s"
        )


class Section(BaseModel):
    """A table of the file: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


def _state_dir() -> Path:
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "cellblock"


class Server(Section):
    """The listener and what it keeps."""

    listen: str = Field(
        "127.0.0.1:7711",
        description="Where to listen: `host:port` or `unix:/path`. An address that other "
        "machines can reach is refused unless `auth.required` and TLS are set.",
    )
    tls_certificate: str = Field(
        "",
        description="PEM file of the server's certificate, with those between it and its "
        "authority. Empty: no TLS. A changed file counts from the next connection on.",
    )
    tls_key: str = Field(
        "", description="PEM file of its private key, which must not need a password."
    )
    tls_client_ca: str = Field(
        "",
        description="PEM file of who vouches for callers (mutual TLS): each must have a "
        "certificate of theirs, and a key as well if `auth.required`. Empty: none is asked for.",
    )
    health_socket: str = Field(
        "",
        pattern=r"^(/.+)?$",
        description="Absolute path of a Unix socket where the health service answers, and nothing "
        "else, without TLS and without a key: for the health check of a container. Empty: none.",
    )
    state_dir: Path = Field(
        default_factory=_state_dir,
        description="Folder for the database, stored files and sandboxes' sockets. "
        "One server at a time. Default: `$XDG_STATE_HOME/cellblock`, or "
        "`~/.local/state/cellblock`.",
    )
    drain_timeout: Duration = Field(
        timedelta(seconds=30),
        ge=timedelta(0),
        le=DAY,
        description="How long calls in flight may go on when the server is told to stop.",
    )
    max_message_bytes: ByteSize = Field(
        ByteSize(8 * MIB),
        ge=2 * MIB,
        le=64 * MIB,
        description="Bound on one message from a caller. Files come in pieces of 1 MiB.",
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
        """Whether nobody but this machine can reach the listener."""
        host = self.listen.rpartition(":")[0].strip("[]")
        return self.listen.startswith("unix:") or _is_loopback(host)


class Auth(Section):
    """Who may call."""

    required: bool = Field(
        False,
        description="Whether every call needs a key. Without, whoever reaches the listener may do "
        "everything, as the tenant `default`; a key that is sent counts all the same.",
    )


class Store(Section):
    """Where metadata is kept."""

    url: str = Field(
        "",
        pattern=r"^(sqlite:///.+)?$",
        description="Database, as SQLAlchemy writes it (`sqlite:////path`). "
        "Empty: `cellblock.db` in the state folder.",
    )


class Log(Section):
    """What the server says on standard error. Never code, file contents or variables' values."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least important lines that are written."
    )
    format: Literal["console", "json"] = Field(
        "console", description="Lines for people, or one JSON object a line for programs."
    )


Network = Literal["none", "proxy"]


class RuntimeOverhead(Section):
    """What an OCI runtime needs for itself in each container."""

    memory_bytes: ByteSize = Field(ByteSize(0), ge=0)
    pids: int = Field(0, ge=0)


class Sandbox(Section):
    """What sessions run in."""

    backend: Literal["docker", "local"] = Field(
        "docker",
        description="`docker`: a hardened container for each session. `local`: a process on this "
        "machine, **for trusted code only**.",
    )
    image: str = Field(
        "cellblock-sandbox:0.1.0",
        min_length=1,
        description="Image of sandboxes when a session does not ask for another one.",
    )
    allowed_images: Names = Field([], description="Further images that sessions may ask for.")
    runtime: str = Field(
        "",
        description="OCI runtime of the engine, such as `runsc`. Empty: the engine's default.",
    )
    allowed_runtimes: Names = Field([], description="Further runtimes that sessions may ask for.")
    seccomp: str = Field(
        "cellblock",
        min_length=1,
        description="Which system calls sandboxes may make. `cellblock`: what data analysis needs. "
        "`engine`: the engine's default profile, which allows more. Else the absolute path of a "
        "profile of your own. Runtimes with a kernel of their own, such as `runsc`, pass it over.",
    )
    apparmor: str = Field(
        "",
        pattern=r"^[\w.:/-]*$",
        max_length=255,
        description="AppArmor profile of sandboxes, loaded on the engine's host. Empty: "
        "`docker-default` where the engine has AppArmor, none where it has not.",
    )
    runtime_overhead: Annotated[dict[str, RuntimeOverhead], BeforeValidator(_from_json)] = Field(
        {"runsc": RuntimeOverhead(memory_bytes=ByteSize(128 * MIB), pids=2048)},
        description="Tables by runtimes' names: `memory_bytes` and `pids` that containers get over "
        "their sessions' limits, because the runtime has a kernel of its own to pay for. See "
        "[gvisor.md](gvisor.md#what-it-costs).",
    )
    network: Network = Field(
        "none",
        description="`none`: nothing can be reached. `proxy`: what `[egress]` allows, through a "
        "filtering proxy. See [egress.md](egress.md).",
    )
    allowed_networks: Annotated[list[Network], BeforeValidator(_from_json)] = Field(
        [], description='Others that sessions may ask for: `["proxy"]` or `["none"]`.'
    )
    start_timeout: Duration = Field(
        timedelta(seconds=60),
        ge=timedelta(seconds=1),
        le=timedelta(hours=1),
        description="How long a sandbox may take until its kernel answers.",
    )
    orphan_timeout: Duration = Field(
        timedelta(hours=1),
        ge=timedelta(seconds=1),
        le=30 * DAY,
        description="A sandbox ends by itself when no server has talked to it for so long. "
        "An upgrade has to be quicker than this to keep sessions.",
    )
    preload: Names = Field(
        ["numpy", "pandas", "matplotlib.pyplot"],
        description="Modules that kernels have imported before they start.",
    )

    @property
    def may_have_egress(self) -> bool:
        """Whether any session may have a way out."""
        return "proxy" in (self.network, *self.allowed_networks)

    @model_validator(mode="after")
    def _egress_of_containers(self) -> "Sandbox":
        if self.may_have_egress and self.backend != "docker":
            raise ValueError("network: 'proxy' is for the docker backend only")
        return self


class Egress(Section):
    """What sandboxes with `network = "proxy"` may reach."""

    allow: Names = Field(
        [],
        description='Hosts with their ports: `"pypi.org:443"`, or `"*.example.org:443"` for all '
        "names below one. What is not in it is refused.",
    )
    private_networks: Names = Field(
        [],
        description="Private addresses that these hosts may have, such as a mirror's: "
        '`"10.1.2.3"`, `"fd00:1::/64"`. All others are refused, whatever name leads there.',
    )
    dns_servers: Names = Field(
        [], description="Addresses of DNS servers for the proxy. Empty: those of the system."
    )
    max_connections: int = Field(16, ge=1, le=256, description="Of one session, at once.")
    max_bytes: ByteSize = Field(
        ByteSize(GIB), ge=KIB, description="Of one session, both directions together."
    )
    timeout: Duration = Field(
        timedelta(minutes=10),
        ge=timedelta(seconds=1),
        le=DAY,
        description="How long one connection may last.",
    )

    @model_validator(mode="after")
    def _readable(self) -> "Egress":
        for name, parse, values in (
            ("allow", parse_rule, self.allow),
            ("private_networks", ipaddress.ip_network, self.private_networks),
            ("dns_servers", ipaddress.ip_address, self.dns_servers),
        ):
            for value in values:
                try:
                    parse(value)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from error
        return self


class Bounded(Section, Generic[Number]):
    """What a sandbox gets by default, and the least and the most that a session may ask for."""

    default: Number
    min: Number
    max: Number

    @model_validator(mode="after")
    def _ordered(self) -> "Bounded[Number]":
        if not self.min <= self.default <= self.max:
            raise ValueError(
                f"default: must be from min ({self.min}) to max ({self.max}), got {self.default}"
            )
        return self


class MemoryBytes(Bounded[ByteSize]):
    """Memory of a sandbox, without swap; `/mnt/data`, `/tmp` and the home folder count.

    192 MiB of it are for the agent and the kernel; folders get at most the rest.
    """

    default: ByteSize = Field(ByteSize(GIB), ge=224 * MIB)
    min: ByteSize = Field(ByteSize(256 * MIB), ge=224 * MIB)
    max: ByteSize = Field(ByteSize(8 * GIB), ge=224 * MIB)


class Cpus(Bounded[float]):
    """CPU time of a sandbox: 0.5 is half of one CPU."""

    default: float = Field(1.0, ge=0.01)
    min: float = Field(0.1, ge=0.01)
    max: float = Field(8.0, ge=0.01)


class Pids(Bounded[int]):
    """Processes and threads of a sandbox."""

    default: int = Field(256, ge=32)
    min: int = Field(64, ge=32)
    max: int = Field(4096, ge=32)


class DataBytes(Bounded[ByteSize]):
    """Size of `/mnt/data`; large attachments do not count."""

    default: ByteSize = Field(ByteSize(512 * MIB), ge=MIB)
    min: ByteSize = Field(ByteSize(MIB), ge=MIB)
    max: ByteSize = Field(ByteSize(8 * GIB), ge=MIB)


class TmpBytes(Bounded[ByteSize]):
    """Size of `/tmp`."""

    default: ByteSize = Field(ByteSize(128 * MIB), ge=MIB)
    min: ByteSize = Field(ByteSize(MIB), ge=MIB)
    max: ByteSize = Field(ByteSize(8 * GIB), ge=MIB)


class Limits(Section):
    """What sandboxes may use. Each is enforced by the operating system."""

    memory_bytes: MemoryBytes = Field(default_factory=MemoryBytes)
    cpus: Cpus = Field(default_factory=Cpus)
    pids: Pids = Field(default_factory=Pids)
    data_bytes: DataBytes = Field(default_factory=DataBytes)
    tmp_bytes: TmpBytes = Field(default_factory=TmpBytes)
    home_bytes: ByteSize = Field(ByteSize(64 * MIB), ge=MIB, description="Size of the home folder.")
    open_files: int = Field(
        1024, ge=256, le=65536, description="File descriptors of one process in a sandbox."
    )
    file_bytes: ByteSize = Field(
        ByteSize(8 * GIB), ge=MIB, description="Size of one file that code in a sandbox writes."
    )


class Sessions(Section):
    """How many sessions there may be, and how long they live."""

    max_sessions: int = Field(50, ge=1, le=10_000, description="Sessions at once.")
    idle_timeout: Duration = Field(
        timedelta(minutes=20),
        ge=MOMENT,
        description="A session ends after so long without a call that names it.",
    )
    max_idle_timeout: Duration = Field(
        DAY, ge=MOMENT, description="The most that a session may ask for."
    )
    lifetime: Duration = Field(
        timedelta(hours=1),
        ge=MOMENT,
        description="A session ends so long after its last execution or file operation, "
        "kept alive or not.",
    )
    max_lifetime: Duration = Field(
        DAY, ge=MOMENT, description="The most that a session may ask for."
    )
    retention: Duration = Field(
        timedelta(days=30),
        ge=timedelta(0),
        le=3650 * DAY,
        description="A session that has ended is forgotten after so long, with what it ran and "
        "showed. Files that it generated have a time of their own: `files.retention`.",
    )
    lifetime_cap: Duration = Field(
        DAY, ge=MOMENT, description="A session ends so long after its creation, whatever it does."
    )
    end_on_shutdown: bool = Field(
        False,
        description="End all sessions when the server stops. Without, the next server on the same "
        "state folder takes them over.",
    )

    @model_validator(mode="after")
    def _defaults_allowed(self) -> "Sessions":
        _at_most("idle_timeout", self.idle_timeout, "max_idle_timeout", self.max_idle_timeout)
        _at_most("lifetime", self.lifetime, "max_lifetime", self.max_lifetime)
        return self


class PoolProfile(Section):
    """Further sandboxes to have ready; what is not said is as for the default ones."""

    image: str = ""
    runtime: str = ""
    memory_bytes: ByteSize = ByteSize(0)
    data_bytes: ByteSize = ByteSize(0)
    tmp_bytes: ByteSize = ByteSize(0)
    size: int = Field(1, ge=0, le=1000)


Profiles = Annotated[list[PoolProfile], BeforeValidator(_from_json)]


class Pool(Section):
    """Sandboxes that are started ahead, so that a session need not wait for one.

    A session that asks for another image, runtime or size of folders than one of them has
    starts cold. Other memory, CPU time or processes it can have.
    """

    size: int = Field(
        2,
        ge=0,
        le=1000,
        description="How many wait at least; 0 for none. When more sessions were created in the "
        "last minute, as many as that, up to `max_size`.",
    )
    max_size: int = Field(8, ge=0, le=1000, description="How many wait at most.")
    memory_bytes: ByteSize = Field(
        ByteSize(2 * GIB),
        ge=0,
        description="What they may use together: each counts as 192 MiB.",
    )
    parallelism: int = Field(1, ge=1, le=64, description="How many are started at a time.")
    profiles: Profiles = Field(
        [],
        description="Further kinds to have ready, as tables with any of `image`, `runtime`, "
        "`memory_bytes`, `data_bytes`, `tmp_bytes` and `size`: what sessions will ask for.",
    )
    max_age: Duration = Field(
        timedelta(hours=1),
        ge=timedelta(seconds=1),
        le=DAY,
        description="One that has waited for so long is replaced.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> "Pool":
        if self.size > self.max_size:
            raise ValueError(f"size: must be at most max_size ({self.max_size}), got {self.size}")
        return self


class Executions(Section):
    """Bounds on one piece of code and what it shows."""

    timeout: Duration = Field(
        timedelta(seconds=120),
        ge=MOMENT,
        description="Time limit when the caller does not ask for another one.",
    )
    max_timeout: Duration = Field(
        timedelta(hours=1), ge=MOMENT, le=DAY, description="The most that a caller may ask for."
    )
    grace: Duration = Field(
        timedelta(seconds=5),
        ge=MOMENT,
        le=timedelta(minutes=5),
        description="How long interrupted code may go on before its kernel is killed.",
    )
    max_queue: int = Field(
        16, ge=1, le=1000, description="Executions of one session that wait for their turn."
    )
    max_code_bytes: ByteSize = Field(
        ByteSize(MIB), ge=1, le=2 * MIB, description="Size of one piece of code."
    )
    max_text_bytes: ByteSize = Field(
        ByteSize(MIB),
        ge=KIB,
        le=32 * MIB,
        description="Text that one execution may write to its streams. Of more, the middle is left "
        "out: a last part of a quarter of this is shown, too.",
    )
    max_kept_bytes: ByteSize = Field(
        ByteSize(32 * MIB),
        ge=KIB,
        le=1024 * MIB,
        description="How much of the text of an execution that wrote too much is kept as a file. "
        "Counts as the sandbox's memory while it runs.",
    )
    max_rich_bytes: ByteSize = Field(
        ByteSize(8 * MIB),
        ge=KIB,
        le=32 * MIB,
        description="Results and displays that one execution may show, without their images.",
    )
    max_events: int = Field(
        50_000, ge=100, le=1_000_000, description="Events of output that one execution may have."
    )
    max_image_bytes: ByteSize = Field(
        ByteSize(16 * MIB), ge=KIB, le=32 * MIB, description="Size of one image that is shown."
    )
    max_image_pixels: int = Field(
        50_000_000, ge=1, description="Width times height of one image that is shown."
    )
    max_images: int = Field(50, ge=1, le=1000, description="Images that one execution may show.")

    @model_validator(mode="after")
    def _default_allowed(self) -> "Executions":
        _at_most("timeout", self.timeout, "max_timeout", self.max_timeout)
        return self


class Files(Section):
    """Bounds on files that come in and go out."""

    max_upload_bytes: ByteSize = Field(
        ByteSize(512 * MIB), ge=1, description="Size of one uploaded file."
    )
    small_file_bytes: ByteSize = Field(
        ByteSize(16 * MIB),
        ge=0,
        description="Up to this size an attachment is copied into `/mnt/data`, where code may "
        "overwrite it; a larger one is a link to a read-only file, and is not copied.",
    )
    max_attachments: int = Field(
        20, ge=0, le=20, description="Files that a session may be created with."
    )
    max_captured_files: int = Field(
        100, ge=0, le=1000, description="New or changed files that are stored of one execution."
    )
    max_captured_bytes: ByteSize = Field(
        ByteSize(512 * MIB), ge=0, description="Size of all of these together."
    )
    max_unpacked_bytes: ByteSize = Field(
        ByteSize(GIB), ge=0, description="Size of all files of an archive that is unpacked."
    )
    max_unpacked_files: int = Field(
        10_000, ge=1, le=20_000, description="Files and folders of an archive that is unpacked."
    )
    max_unpack_ratio: int = Field(
        100,
        ge=1,
        description="How many times larger than an archive its files may be. Below 1 MiB any.",
    )
    quota_bytes: ByteSize = Field(
        ByteSize(50 * GIB),
        ge=0,
        description="Size of all files of a tenant, generated ones included, and of the records "
        "of its executions.",
    )
    min_free_bytes: ByteSize = Field(
        ByteSize(GIB),
        ge=0,
        description="So much of the disk is kept free: uploads are refused and generated files "
        "not stored that would leave less. What must not be lost (text, images, records) "
        "uses it.",
    )
    retention: Duration = Field(
        timedelta(days=30),
        ge=timedelta(seconds=1),
        le=3650 * DAY,
        description="A generated file is deleted after so long. Uploaded ones stay until they are "
        "deleted, or for as long as the upload says.",
    )
    upload_timeout: Duration = Field(
        timedelta(hours=1),
        ge=timedelta(seconds=1),
        le=30 * DAY,
        description="An upload that broke off is forgotten after so long.",
    )


class Quotas(Section):
    """What one tenant may use, unless something else is set for it. `files.quota_bytes`, too."""

    max_sessions: int = Field(10_000, ge=0, description="Sessions of a tenant at once.")
    max_executions: int = Field(
        1000, ge=0, description="Executions of a tenant at once, waiting ones included."
    )
    cpu_seconds: float = Field(
        10_000_000,
        ge=0,
        description="CPU time of a tenant's sessions in each period. Past it nothing new is begun; "
        "what runs goes on to its time limit.",
    )
    cpu_period: Duration = Field(
        DAY,
        ge=timedelta(minutes=1),
        le=366 * DAY,
        description="How long a period is. They are counted from 1970 on: one of a day begins at "
        "midnight, UTC.",
    )
    calls_per_second: int = Field(
        1000, ge=0, description="Calls of a tenant in a second, on the average and at once."
    )


class Audit(Section):
    """The log of who did what; see docs/authentication.md."""

    retention: Duration = Field(
        timedelta(days=90),
        ge=timedelta(seconds=1),
        le=3650 * DAY,
        description="An entry is forgotten after so long.",
    )
    max_entries: int = Field(
        100_000, ge=100, description="Entries of one tenant; past it the oldest are forgotten."
    )


class RunSteps(Section):
    """How run steps are handed on."""

    image_url: str = Field(
        "",
        pattern=r"^(https?://.*)?$",
        description="What a file's id is put behind to make an image's URL in the Responses API's "
        "shape. Empty: URLs hold the image itself (`data:`).",
    )


class Settings(BaseSettings):
    """The whole configuration. Use `load`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        # Its own decoding of lists ends in an error that does not name the variable.
        enable_decoding=False,
        extra="forbid",
        frozen=True,
        validate_default=True,
    )

    server: Server = Field(default_factory=Server)
    auth: Auth = Field(default_factory=Auth)
    store: Store = Field(default_factory=Store)
    log: Log = Field(default_factory=Log)
    sandbox: Sandbox = Field(default_factory=Sandbox)
    egress: Egress = Field(default_factory=Egress)
    limits: Limits = Field(default_factory=Limits)
    sessions: Sessions = Field(default_factory=Sessions)
    pool: Pool = Field(default_factory=Pool)
    executions: Executions = Field(default_factory=Executions)
    files: Files = Field(default_factory=Files)
    quotas: Quotas = Field(default_factory=Quotas)
    audit: Audit = Field(default_factory=Audit)
    run_steps: RunSteps = Field(default_factory=RunSteps)

    @model_validator(mode="after")
    def _guarded(self) -> "Settings":
        server = self.server
        missing = [] if self.auth.required else ["auth.required = true"]
        if not server.tls_certificate:
            missing += ["server.tls_certificate", "server.tls_key"]
        if missing and not server.only_local:
            host = server.listen.rpartition(":")[0]
            raise ValueError(
                f"server.listen: {host!r} is not a loopback address: whoever reaches it could run "
                f"code, or read what is sent; set {', '.join(missing)}"
            )
        return self

    @property
    def database_url(self) -> str:
        """Where metadata is kept."""
        default = f"sqlite:///{self.server.state_dir.absolute() / 'cellblock.db'}"
        return self.store.url or default
