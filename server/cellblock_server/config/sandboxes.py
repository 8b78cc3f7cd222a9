"""Configuration of sandboxes: backend, image, limits, network and pool."""

import ipaddress
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, ByteSize, Field, field_validator, model_validator

from cellblock_server.config.host_rules import parse_rule
from cellblock_server.config.values import (
    DAY,
    GIB,
    KIB,
    MIB,
    Bounded,
    Duration,
    Names,
    Section,
    derived,
    from_json,
    internal,
)

MIN_USER, MAX_USER = 1000, 2**31 - 1
"""Range of allowed user ids: lower ids belong to the system."""
LEAST_FOLDER = "The least that a session may ask for: what a file system can be made with."
Network = Literal["none", "proxy"]


class RuntimeOverhead(Section):
    """Resources that an OCI runtime needs for itself in each container."""

    memory_bytes: ByteSize = Field(ByteSize(0), ge=0)
    pids: int = Field(0, ge=0)


class Sandbox(Section):
    """The sandboxes that sessions run in."""

    backend: Literal["docker", "local"] = Field(
        "docker",
        description="`docker`: a hardened container for each session. `local`: a process on this "
        "machine, **for trusted code only**.",
    )
    image: str = Field(
        "cellblock-sandbox:0.1.0",
        min_length=1,
        description="Image of sandboxes, unless a session asks for another one.",
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
        description="System calls that sandboxes may make. `cellblock`: those that data analysis "
        "needs. `engine`: the engine's default profile, which allows more. Otherwise the absolute "
        "path of your own profile. Runtimes with their own kernel, such as `runsc`, ignore it.",
    )
    users: str = Field(
        "40000-44095",
        pattern=r"^[0-9]{1,10}-[0-9]{1,10}$",
        description="User ids of sandboxes, first and last: each has its own while it exists, so "
        "it must be as many as sandboxes at a time, those of the pool included. Nothing else of "
        "the host should have one of them, nor another server on the same engine. Those of the "
        "default range have a name in the image.",
    )
    apparmor: str = Field(
        "",
        pattern=r"^[\w.:/-]*$",
        max_length=255,
        description="AppArmor profile of sandboxes, loaded on the engine's host. Empty: "
        "`docker-default` where the engine has AppArmor, none where it has not.",
    )
    runtime_overhead: Annotated[dict[str, RuntimeOverhead], BeforeValidator(from_json)] = Field(
        {"runsc": RuntimeOverhead(memory_bytes=ByteSize(128 * MIB), pids=2048)},
        description="Tables by runtimes' names: `memory_bytes` and `pids` that containers get over "
        "their sessions' limits, for the runtime's own kernel. See "
        "[gVisor](../security/gvisor.md#what-it-costs).",
    )
    network: Network = Field(
        "none",
        description="`none`: nothing can be reached. `proxy`: what `[egress]` allows, through a "
        "filtering proxy. See [egress](../security/egress.md).",
    )
    allowed_networks: Annotated[list[Network], BeforeValidator(from_json)] = Field(
        [], description='Others that sessions may ask for: `["proxy"]` or `["none"]`.'
    )
    start_timeout: Duration = Field(
        timedelta(seconds=60),
        ge=timedelta(seconds=1),
        le=timedelta(hours=1),
        description="Time that a sandbox has until its kernel responds.",
    )
    orphan_timeout: Duration = Field(
        timedelta(hours=1),
        ge=timedelta(seconds=1),
        le=30 * DAY,
        description="A sandbox ends by itself after this long without a server. An upgrade has to "
        "be quicker than this to keep sessions.",
    )
    fork_server_timeout: Duration = Field(
        timedelta(minutes=5),
        ge=timedelta(seconds=1),
        le=30 * DAY,
        description="Time after the start of its kernel in which a session can have another one "
        "without delay. Then 20 to 30 MB of its memory are returned, and a restart takes as long "
        "as the imports of `preload`: up to a second.",
    )
    preload: Names = Field(
        ["numpy", "pandas", "matplotlib.pyplot"],
        description="Modules that the kernels of a sandbox from the pool have imported before "
        "they start. A session that finds the pool empty is there sooner without them, and imports "
        "what its code asks for.",
    )

    @property
    def may_have_egress(self) -> bool:
        """Whether any session may have egress."""
        return "proxy" in (self.network, *self.allowed_networks)

    @model_validator(mode="after")
    def _egress_of_containers(self) -> "Sandbox":
        if self.may_have_egress and self.backend != "docker":
            raise ValueError("network: 'proxy' is for the docker backend only")
        return self

    @property
    def user_bounds(self) -> tuple[int, int]:
        """Return the first and last user id of sandboxes."""
        first, last = self.users.split("-")
        return int(first), int(last)

    @field_validator("users")
    @classmethod
    def _ordered_users(cls, users: str) -> str:
        first, last = map(int, users.split("-"))
        if not MIN_USER <= first <= last <= MAX_USER:
            raise ValueError(f"must be FIRST-LAST, from {MIN_USER} to {MAX_USER}, got {users}")
        return users


class Egress(Section):
    """Hosts that sandboxes with `network = "proxy"` may reach."""

    allow: Names = Field(
        [],
        description='Hosts with their ports: `"pypi.org:443"`, or `"*.example.org:443"` for all '
        "names below one. All other hosts are refused.",
    )
    private_networks: Names = Field(
        [],
        description="Private addresses that these hosts may have, such as a mirror's: "
        '`"10.1.2.3"`, `"fd00:1::/64"`. All others are refused, whatever name leads there.',
    )
    dns_servers: Names = Field(
        [], description="Addresses of DNS servers for the proxy. Empty: those of the system."
    )
    max_connections: int = internal(
        16, "Connections of one session at the same time.", ge=1, le=256
    )
    max_bytes: ByteSize = Field(
        ByteSize(GIB), ge=KIB, description="Bytes of one session, both directions together."
    )
    timeout: Duration = Field(
        timedelta(minutes=10),
        ge=timedelta(seconds=1),
        le=DAY,
        description="Time after which a connection is closed.",
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


class MemoryBytes(Bounded[ByteSize]):
    """Memory of a sandbox, without swap; includes `/mnt/data`, `/tmp` and the home folder.

    192 MiB of it are for the agent and the kernel; folders get at most the rest.
    """

    default: ByteSize = Field(ByteSize(GIB), ge=224 * MIB)
    min: ByteSize = derived(
        lambda given: min(ByteSize(256 * MIB), given["default"]),
        "256 MiB, or `limits.memory_bytes.default` if that is less.",
        ge=224 * MIB,
    )
    max: ByteSize = Field(ByteSize(8 * GIB), ge=224 * MIB)


class Cpus(Bounded[float]):
    """CPU time of a sandbox: 0.5 is half of one CPU."""

    default: float = Field(1.0, ge=0.01)
    min: float = derived(
        lambda given: min(0.1, given["default"]),
        "0.1, or `limits.cpus.default` if that is less.",
        ge=0.01,
    )
    max: float = Field(8.0, ge=0.01)


class Pids(Bounded[int]):
    """Processes and threads of a sandbox."""

    default: int = Field(256, ge=32)
    min: int = derived(
        lambda given: min(64, given["default"]),
        "64, or `limits.pids.default` if that is less.",
        ge=32,
    )
    max: int = Field(4096, ge=32)


class DataBytes(Bounded[ByteSize]):
    """Size of `/mnt/data`; large attachments are not included."""

    default: ByteSize = Field(ByteSize(512 * MIB), ge=MIB)
    min: ByteSize = internal(ByteSize(MIB), LEAST_FOLDER, ge=MIB)
    max: ByteSize = Field(ByteSize(8 * GIB), ge=MIB)


class TmpBytes(Bounded[ByteSize]):
    """Size of `/tmp`."""

    default: ByteSize = Field(ByteSize(128 * MIB), ge=MIB)
    min: ByteSize = internal(ByteSize(MIB), LEAST_FOLDER, ge=MIB)
    max: ByteSize = derived(
        lambda given: max(ByteSize(8 * GIB), given["default"]),
        "8 GiB, or `limits.tmp_bytes.default` if that is more. A session's memory bounds it too.",
        ge=MIB,
    )


class Limits(Section):
    """Limits of sandboxes. The operating system enforces them."""

    memory_bytes: MemoryBytes = Field(default_factory=MemoryBytes)
    cpus: Cpus = Field(default_factory=Cpus)
    pids: Pids = Field(default_factory=Pids)
    data_bytes: DataBytes = Field(default_factory=DataBytes)
    tmp_bytes: TmpBytes = Field(default_factory=TmpBytes)
    home_bytes: ByteSize = Field(ByteSize(64 * MIB), ge=MIB, description="Size of the home folder.")
    open_files: int = internal(
        1024, "File descriptors of one process in a sandbox.", ge=256, le=65536
    )
    file_bytes: ByteSize = internal(
        ByteSize(8 * GIB), "Size of one file that code in a sandbox writes.", ge=MIB
    )


class PoolProfile(Section):
    """Further sandboxes to have ready; unset keys are as for the default sandboxes."""

    image: str = ""
    runtime: str = ""
    memory_bytes: ByteSize = ByteSize(0)
    data_bytes: ByteSize = ByteSize(0)
    tmp_bytes: ByteSize = ByteSize(0)
    size: int = Field(1, ge=0, le=1000)


Profiles = Annotated[list[PoolProfile], BeforeValidator(from_json)]


class Pool(Section):
    """Sandboxes that are started ahead, so that a session need not wait for one.

    A session that asks for another image, runtime or size of folders than one of them has starts
    cold. Memory, CPU time or processes may differ.
    """

    size: int = Field(
        2,
        ge=0,
        le=1000,
        description="Sandboxes that wait at least; 0 for none. If more sessions were created in "
        "the last minute, as many as that wait, up to `max_size`.",
    )
    max_size: int = Field(8, ge=0, le=1000, description="Sandboxes that wait at most.")
    memory_bytes: ByteSize = Field(
        ByteSize(2 * GIB),
        ge=0,
        description="Memory of all waiting sandboxes: each counts as 192 MiB.",
    )
    parallelism: int = internal(
        1,
        "Pooled sandboxes that are started at a time. `profile` sets it: more than the machine has "
        "CPUs for delay sessions.",
        ge=1,
        le=64,
    )
    profiles: Profiles = Field(
        [],
        description="Further kinds to have ready, as tables with any of `image`, `runtime`, "
        "`memory_bytes`, `data_bytes`, `tmp_bytes` and `size`: what sessions will ask for.",
    )
    max_age: Duration = internal(
        timedelta(hours=1),
        "Time after which a pooled sandbox is replaced.",
        ge=timedelta(seconds=1),
        le=DAY,
    )

    @model_validator(mode="after")
    def _ordered(self) -> "Pool":
        if self.size > self.max_size:
            raise ValueError(f"size: must be at most max_size ({self.max_size}), got {self.size}")
        return self
