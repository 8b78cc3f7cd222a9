"""What sessions run in, and what that may use and reach."""

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
    from_json,
)

MIN_USER, MAX_USER = 1000, 2**31 - 1
"""Lower ids belong to the system."""
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
        "their sessions' limits, because the runtime has a kernel of its own to pay for. See "
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
        description="How long a sandbox may take until its kernel answers.",
    )
    orphan_timeout: Duration = Field(
        timedelta(hours=1),
        ge=timedelta(seconds=1),
        le=30 * DAY,
        description="A sandbox ends by itself when no server has talked to it for so long. "
        "An upgrade has to be quicker than this to keep sessions.",
    )
    fork_server_timeout: Duration = Field(
        timedelta(minutes=5),
        ge=timedelta(seconds=1),
        le=30 * DAY,
        description="How long after its kernel was started a session can have another one at once. "
        "Then 20 to 30 MB of its memory are given back, and a restart, or what follows a kernel's "
        "death, takes as long as the imports of `preload`: up to a second.",
    )
    preload: Names = Field(
        ["numpy", "pandas", "matplotlib.pyplot"],
        description="Modules that the kernels of a sandbox from the pool have imported before "
        "they start. A session that finds the pool empty is there sooner without them, and imports "
        "what its code asks for.",
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

    @property
    def user_bounds(self) -> tuple[int, int]:
        """First and last user id of sandboxes."""
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


class PoolProfile(Section):
    """Further sandboxes to have ready; what is not said is as for the default ones."""

    image: str = ""
    runtime: str = ""
    memory_bytes: ByteSize = ByteSize(0)
    data_bytes: ByteSize = ByteSize(0)
    tmp_bytes: ByteSize = ByteSize(0)
    size: int = Field(1, ge=0, le=1000)


Profiles = Annotated[list[PoolProfile], BeforeValidator(from_json)]


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
