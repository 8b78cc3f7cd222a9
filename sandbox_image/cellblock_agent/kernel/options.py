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


@dataclass(frozen=True)
class KernelOptions:
    """What one kernel is started with; crosses the fork server's socket as JSON."""

    sockets: str
    """Beginning of the path of each of its sockets."""
    key: str
    """Signs messages, so that no other process is taken for this kernel."""
    data_dir: str
    max_processes: int
    """Of its user, threads included; 0 where something else sees to it."""

    @classmethod
    def fresh(cls, kernel_dir: Path, data_dir: Path, max_processes: int) -> "KernelOptions":
        """Options with names and a key that nobody can have foreseen."""
        sockets = kernel_dir / secrets.token_hex(4)
        return cls(str(sockets), secrets.token_hex(32), str(data_dir), max_processes)

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
