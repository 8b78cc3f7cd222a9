"""Tells Jupyter of our kernel: writes and installs a `kernel.json`."""

import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager

PROVISIONER = "cellblock-provisioner"
"""The entry point's name."""


def kernel_json(display_name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the kernel spec as Jupyter reads it. `config` is for `CellblockProvisioner`."""
    return {
        # -P: a module in the notebook's folder must not be taken for one of the kernel's.
        "argv": [
            sys.executable,
            "-P",
            "-m",
            "cellblock_client.jupyter.application",
            "-f",
            "{connection_file}",
        ],
        "display_name": display_name,
        "language": "python",
        "interrupt_mode": "signal",
        "metadata": {
            "debugger": False,
            "supported_encryption": ["curve"],
            "kernel_provisioner": {"provisioner_name": PROVISIONER, "config": dict(config)},
        },
    }


def install(
    name: str, display_name: str, config: Mapping[str, Any], *, prefix: Path | None
) -> Path:
    """Install it below `prefix`, or for this user; its folder. One of that name is replaced.

    Raises ValueError for a name that Jupyter can't have, OSError if it can't be written.
    """
    with tempfile.TemporaryDirectory(prefix="cellblock-") as folder:
        path = Path(folder) / "kernel.json"
        path.write_text(json.dumps(kernel_json(display_name, config), indent=1) + "\n")
        installed = KernelSpecManager().install_kernel_spec(
            folder, name, user=prefix is None, prefix=None if prefix is None else str(prefix)
        )
    return Path(installed)
