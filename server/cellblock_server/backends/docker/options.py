"""Container options: one pure function from a sandbox's spec to the Engine API's JSON.

Source: Docker Engine API v1.41, `POST /containers/create`
(https://docs.docker.com/reference/api/engine/version/v1.41/).
"""

from dataclasses import dataclass
from typing import Any

from cellblock_server.backends.sandbox import SandboxSpec
from cellblock_server.backends.shared_folder.folder import HOSTNAME, SandboxFolder
from cellblock_server.common.errors import WrongStateError

LABEL = "dev.cellblock.sandbox"
"""Label of each of our containers; its value is the sandbox's id."""
INSTANCE_LABEL = "dev.cellblock.instance"
"""Label that names the server state of a container: servers never touch each other's containers."""

EGRESS_LABEL = "dev.cellblock.egress"
"""Label of containers with egress."""

PROXY_PORT = 3128
"""Port on the sandbox's own loopback where its agent listens for egress connections."""
_PROXY = f"http://127.0.0.1:{PROXY_PORT}"
_PACKAGES = "/home/sandbox/packages"
EGRESS_ENVIRONMENT = [
    *(f"{name}={_PROXY}" for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")),
    # The image's own packages can't be changed.
    f"PIP_TARGET={_PACKAGES}",
]

USER_LABEL = "dev.cellblock.user"
"""Label with a container's user id, for a later server."""
DEFAULT_USER = 1000
"""User id in the image."""
ENGINES_APPARMOR = "docker-default"
"""AppArmor profile that the engine loads itself, where it can."""
SHM_BYTES = 64 * 2**20
CORE_BYTES = 1
"""Limit of core dumps, which disables them.

With 0 the kernel would still start the host's core handler (`kernel.core_pattern` with a pipe), as
root.
"""
KERNEL_SOCKETS_BYTES = 2**20
LOG_BOUNDS = {"max-size": "1m", "max-file": "1", "compress": "false"}
BYTES_PER_INODE = 16 * 1024
"""File system bytes per inode, as in ext4: bounds empty files, which use kernel memory."""
MIN_INODES = 1024
TMPFS_FLAGS = "rw,nosuid,nodev,noexec"

MASKED = (
    # The engine's own list: giving a list replaces it.
    *("/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys"),
    *("/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list"),
    *("/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware"),
    # World-writable: a write makes the host's kernel watch for pressure.
    "/proc/pressure",
    # The host's boot options, and its use of disks, processors and keys.
    *("/proc/cmdline", "/proc/diskstats", "/proc/fs", "/proc/irq", "/proc/key-users"),
    *("/proc/partitions", "/proc/schedstat", "/proc/softirqs", "/sys/devices/virtual/dmi"),
    # Kernel addresses, which help an attacker.
    *("/proc/buddyinfo", "/proc/bus", "/proc/config.gz", "/proc/iomem", "/proc/ioports"),
    *("/proc/kallsyms", "/proc/modules", "/proc/pagetypeinfo", "/proc/slabinfo"),
    *("/proc/vmallocinfo", "/proc/zoneinfo"),
)
"""Paths that are empty in a container; paths that the host lacks are ignored."""


@dataclass(frozen=True)
class Profiles:
    """Profiles of the host's security modules that apply to a container."""

    seccomp: str | None
    """Seccomp profile as JSON; None for the engine's default, which is never turned off."""
    apparmor: str | None
    """Name of the AppArmor profile; None where the engine has no AppArmor."""

    @classmethod
    def where(cls, engine: list[str], seccomp: str | None, apparmor: str) -> "Profiles":
        """Return the profiles that apply on an engine with these SecurityOptions (`docker info`).

        `apparmor` is the profile that the operator named, or empty. Raises WrongStateError if it
        can't apply.
        """
        if any(option.split(",")[0] == "name=apparmor" for option in engine):
            return cls(seccomp, apparmor or ENGINES_APPARMOR)
        if apparmor:
            raise WrongStateError(
                "APPARMOR_MISSING",
                f"sandbox.apparmor is {apparmor!r}, and the engine's host has no AppArmor",
            )
        return cls(seccomp, None)

    def security_options(self) -> list[str]:
        """Return the options in the form of `docker run --security-opt`."""
        named = {"seccomp": self.seccomp, "apparmor": self.apparmor}
        return [f"{module}={profile}" for module, profile in named.items() if profile is not None]


def container_options(
    spec: SandboxSpec,
    folder: SandboxFolder,
    instance: str,
    command: list[str],
    profiles: Profiles,
    user: int = DEFAULT_USER,
) -> dict[str, Any]:
    """Return the body of the create call, which denies everything that a kernel does not need."""
    limits = spec.limits
    host_config: dict[str, Any] = {
        "NetworkMode": "none",  # for an engine that does not know `NetworkDisabled`
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true", *profiles.security_options()],
        "ReadonlyRootfs": True,
        "MaskedPaths": list(MASKED),
        "IpcMode": "private",
        "CgroupnsMode": "private",
        **changeable_limits(spec),
        "Ulimits": [
            _ulimit("nofile", limits.open_files),
            _ulimit("fsize", limits.file_bytes),
            _ulimit("core", CORE_BYTES),
        ],
        "ShmSize": SHM_BYTES,
        "Tmpfs": {
            "/mnt/data": _tmpfs(limits.data_bytes, user),
            "/tmp": _tmpfs(limits.tmp_bytes, user),  # noqa: S108 - a path in the container
            "/home/sandbox": _tmpfs(limits.home_bytes, user),
            "/run/kernel": _tmpfs(KERNEL_SOCKETS_BYTES, user),
        },
        "Mounts": [
            _bind(str(folder.agent), "/run/cellblock", read_only=False),
            _bind(str(folder.inputs), "/mnt/inputs", read_only=True),
            # The engine writes one only for a network that it manages.
            _bind(str(folder.hosts), "/etc/hosts", read_only=True),
        ],
        "RestartPolicy": {"Name": "no"},
        # The agent's output is kept for the operator, bounded.
        "LogConfig": {"Type": "local", "Config": LOG_BOUNDS},
    }
    if spec.runtime:
        host_config["Runtime"] = spec.runtime
    return {
        "Image": spec.image,
        "User": f"{user}:{user}",
        "Hostname": HOSTNAME,
        "WorkingDir": "/mnt/data",
        # The runtime makes a namespace with loopback. The engine's network stack takes half of a
        # start's time for the same, and in Docker 20.10 it can hang for good when containers end at
        # the same time (docs/decisions/084).
        "NetworkDisabled": True,
        # For a sandbox with its own kernel, where the host can limit only the whole sandbox.
        "Cmd": [
            *command,
            f"--preload={','.join(spec.preload)}",
            f"--memory-bytes={limits.memory_bytes}",
            f"--pids={limits.pids}",
            *([f"--proxy-port={PROXY_PORT}"] if spec.has_egress else []),
        ],
        "Labels": _labels(spec, instance, user),
        **({"Env": EGRESS_ENVIRONMENT} if spec.has_egress else {}),
        "HostConfig": host_config,
    }


def _labels(spec: SandboxSpec, instance: str, user: int) -> dict[str, str]:
    labels = {LABEL: spec.id, INSTANCE_LABEL: instance, USER_LABEL: str(user)}
    return labels | {EGRESS_LABEL: "proxy"} if spec.has_egress else labels


def changeable_limits(spec: SandboxSpec) -> dict[str, int]:
    """Return the limits that can change while a container runs (`POST /containers/{id}/update`)."""
    memory = spec.limits.memory_bytes + spec.overhead.memory_bytes
    return {
        "Memory": memory,
        "MemorySwap": memory,  # the sum of both: no swap
        "NanoCpus": round(spec.limits.cpus * 1_000_000_000),
        "PidsLimit": spec.limits.pids + spec.overhead.pids,
    }


def _ulimit(name: str, value: int) -> dict[str, Any]:
    return {"Name": name, "Soft": value, "Hard": value}


def _tmpfs(size: int, user: int) -> str:
    inodes = max(MIN_INODES, size // BYTES_PER_INODE)
    return f"{TMPFS_FLAGS},size={size},nr_inodes={inodes},uid={user},gid={user},mode=0700"


def _bind(source: str, target: str, *, read_only: bool) -> dict[str, Any]:
    return {
        "Type": "bind",
        "Source": source,
        "Target": target,
        "ReadOnly": read_only,
        "BindOptions": {"Propagation": "rprivate"},
    }
