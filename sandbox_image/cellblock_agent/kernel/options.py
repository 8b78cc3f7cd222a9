"""How a kernel is reached: the same for who starts it and who talks to it."""

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
"""Over Unix sockets, Jupyter's port number is the end of the socket's name."""

ACCEPTED = b"cellblock.accepted"
"""Before the id of a request, in a message of two parts: the kernel is about to run its code."""


@dataclass(frozen=True)
class KernelSettings:
    """What is the same for all kernels of a sandbox."""

    memory_bytes: int = 0
    """The sandbox's limit as the agent was given it; 0 if there is none."""
    max_processes: int = 0
    """Of its user, threads included; 0 where something else bounds them."""
    confined: bool = False
    """Whether user code must be confined: see `confinement.py`."""
    niceness: int = 19
    """By how much a kernel gives way to the agent."""


@dataclass(frozen=True)
class KernelOptions:
    """What one kernel is started with; crosses the fork server's socket as JSON."""

    sockets: str
    """Beginning of the path of each of its sockets."""
    key: str
    """Signs messages, so that no other process is taken for this kernel."""
    data_dir: str
    memory_bytes: int
    max_processes: int
    confined: bool
    niceness: int
    """These four: see `KernelSettings`."""

    @classmethod
    def fresh(cls, kernel_dir: Path, data_dir: Path, settings: KernelSettings) -> "KernelOptions":
        """Make options with names and a key that code can't have foreseen."""
        sockets = kernel_dir / secrets.token_hex(4)
        return cls(str(sockets), secrets.token_hex(32), str(data_dir), **asdict(settings))

    def connection_info(self) -> dict[str, Any]:
        """As a Jupyter client wants it.

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
        """As plain values."""
        return asdict(self)
