"""What a container may do: one pure function from a spec to the Engine API's JSON.

Source: Docker Engine API v1.41, `POST /containers/create`
(https://docs.docker.com/reference/api/engine/version/v1.41/).
"""

from typing import Any

from cellblock_server.sandbox.backend import SandboxSpec
from cellblock_server.sandbox.folder import SandboxFolder

LABEL = "dev.cellblock.sandbox"
"""On every container of ours; its value is the sandbox's id."""
INSTANCE_LABEL = "dev.cellblock.instance"
"""Which server state a container belongs to: two servers never touch each other's."""

EGRESS_LABEL = "dev.cellblock.egress"
"""On those that have a way out."""

PROXY_PORT = 3128
"""Of a sandbox's own loopback, where its agent listens if it has a way out."""
_PROXY = f"http://127.0.0.1:{PROXY_PORT}"
_PACKAGES = "/home/sandbox/packages"
EGRESS_ENVIRONMENT = [
    *(f"{name}={_PROXY}" for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")),
    # The image's own packages can't be changed.
    f"PIP_TARGET={_PACKAGES}",
]

USER = "1000:1000"
SHM_BYTES = 64 * 2**20
KERNEL_SOCKETS_BYTES = 2**20
LOG_BOUNDS = {"max-size": "1m", "max-file": "1", "compress": "false"}
BYTES_PER_INODE = 16 * 1024
"""As ext4 is made: empty files take the kernel's memory, and must not be without end."""
MIN_INODES = 1024
TMPFS_FLAGS = "rw,nosuid,nodev,noexec"


def container_options(
    spec: SandboxSpec, folder: SandboxFolder, instance: str, command: list[str]
) -> dict[str, Any]:
    """The body of the create call: everything is denied that a kernel does not need.

    The engine's default seccomp profile applies: the Engine API turns it off only
    when asked to.
    """
    limits = spec.limits
    memory = limits.memory_bytes + spec.overhead.memory_bytes
    host_config: dict[str, Any] = {
        "NetworkMode": "none",
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "ReadonlyRootfs": True,
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "Memory": memory,
        "MemorySwap": memory,  # the sum of both: no swap
        "NanoCpus": round(limits.cpus * 1_000_000_000),
        "PidsLimit": limits.pids + spec.overhead.pids,
        "Ulimits": [
            _ulimit("nofile", limits.open_files),
            _ulimit("fsize", limits.file_bytes),
            _ulimit("core", 0),
        ],
        "ShmSize": SHM_BYTES,
        "Tmpfs": {
            "/mnt/data": _tmpfs(limits.data_bytes),
            "/tmp": _tmpfs(limits.tmp_bytes),  # noqa: S108 - a path in the container
            "/home/sandbox": _tmpfs(limits.home_bytes),
            "/run/kernel": _tmpfs(KERNEL_SOCKETS_BYTES),
        },
        "Mounts": [
            _bind(str(folder.agent), "/run/cellblock", read_only=False),
            _bind(str(folder.inputs), "/mnt/inputs", read_only=True),
        ],
        "RestartPolicy": {"Name": "no"},
        # What the agent says is kept for the operator, bounded.
        "LogConfig": {"Type": "local", "Config": LOG_BOUNDS},
    }
    if spec.runtime:
        host_config["Runtime"] = spec.runtime
    return {
        "Image": spec.image,
        "User": USER,
        "Hostname": "sandbox",
        "WorkingDir": "/mnt/data",
        # For a sandbox with a kernel of its own, which the host's limits hold only as a whole.
        "Cmd": [
            *command,
            f"--memory-bytes={limits.memory_bytes}",
            f"--pids={limits.pids}",
            *([f"--proxy-port={PROXY_PORT}"] if spec.has_egress else []),
        ],
        "Labels": _labels(spec, instance),
        **({"Env": EGRESS_ENVIRONMENT} if spec.has_egress else {}),
        "HostConfig": host_config,
    }


def _labels(spec: SandboxSpec, instance: str) -> dict[str, str]:
    labels = {LABEL: spec.id, INSTANCE_LABEL: instance}
    return labels | {EGRESS_LABEL: "proxy"} if spec.has_egress else labels


def _ulimit(name: str, value: int) -> dict[str, Any]:
    return {"Name": name, "Soft": value, "Hard": value}


def _tmpfs(size: int) -> str:
    inodes = max(MIN_INODES, size // BYTES_PER_INODE)
    return f"{TMPFS_FLAGS},size={size},nr_inodes={inodes},uid=1000,gid=1000,mode=0700"


def _bind(source: str, target: str, *, read_only: bool) -> dict[str, Any]:
    return {
        "Type": "bind",
        "Source": source,
        "Target": target,
        "ReadOnly": read_only,
        "BindOptions": {"Propagation": "rprivate"},
    }
