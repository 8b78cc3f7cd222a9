"""Options of a kernel: connection, limits and directories, shared by agent and kernel."""

import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PORTS = {
    "shell_port": 1,
    "iopub_port": 2,
    "stdin_port": 3,
    "control_port": 4,
    "hb_port": 5,
}
"""Ports of the channels. Over Unix sockets, the number is the suffix of the socket's name."""

ACCEPTED = b"cellblock.accepted"
"""First part of a message whose second part is a request's id: the kernel is about to run its code.
"""


@dataclass(frozen=True)
class KernelSettings:
    """Settings that all kernels of a sandbox share."""

    memory_bytes: int = 0
    """Memory limit in bytes that the server passed to the agent; 0 if there is none."""
    max_processes: int = 0
    """Maximum number of processes and threads of the kernel's user; 0 if the control group limits
    them."""
    confined: bool = False
    """Whether user code has to be confined: see `confinement.py`."""
    niceness: int = 19
    """Niceness of the kernel: the agent has priority."""


@dataclass(frozen=True)
class KernelOptions:
    """Options of one kernel; sent to the fork server as JSON."""

    sockets: str
    """Prefix of the paths of all its sockets."""
    key: str
    """Key that signs messages, so that no other process can pose as this kernel."""
    data_dir: str
    memory_bytes: int
    max_processes: int
    confined: bool
    niceness: int
    """Last four options: see `KernelSettings`."""

    @classmethod
    def fresh(cls, kernel_dir: Path, data_dir: Path, settings: KernelSettings) -> "KernelOptions":
        """Return options with names and a key that code can't predict."""
        sockets = kernel_dir / secrets.token_hex(4)
        return cls(str(sockets), secrets.token_hex(32), str(data_dir), **asdict(settings))

    def connection_info(self) -> dict[str, Any]:
        """Return the connection as a Jupyter client expects it.

        Source: jupyter_client's documentation, "Connection files".
        """
        info: dict[str, Any] = {
            "transport": "ipc",
            "ip": self.sockets,
            "key": self.key,
            "signature_scheme": "hmac-sha256",
        }
        return info | PORTS

    def as_dict(self) -> dict[str, Any]:
        """Return the options as plain values."""
        return asdict(self)
