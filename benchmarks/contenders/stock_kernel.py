"""Contender `jupyter_client` with a stock ipykernel on this machine: no container, no limits."""

import subprocess
from typing import Any

import psutil
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from benchmarks.contenders.base import Base

READY_SECONDS = 60


class StockKernel(Base):
    """Kernel for each session, as `jupyter_client` documents it."""

    def open_session(self) -> "StockSession":
        """Start a kernel."""
        return StockSession()


class StockSession:
    """Session of one kernel."""

    def __init__(self) -> None:
        """Start it."""
        self._manager = KernelManager()
        # Its output when it is killed is not shown.
        self._manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._client = self._connected()

    @property
    def process(self) -> psutil.Process:
        """Return the kernel's process."""
        provisioner = self._manager.provisioner
        if not isinstance(provisioner, LocalProvisioner):
            raise TypeError(f"a kernel that is not on this machine: {provisioner}")
        return psutil.Process(provisioner.pid)

    def execute(self, code: str) -> str:
        """Run code until the kernel is idle again."""
        shown: list[str] = []
        reply = self._client.execute_interactive(code, output_hook=_collect(shown))
        if reply["content"]["status"] != "ok":
            raise RuntimeError(f"{code}: {reply['content']}")
        return "".join(shown)

    def restart(self) -> None:
        """Call `KernelManager.restart_kernel`, and wait as after a start."""
        self._client.stop_channels()
        self._manager.restart_kernel(now=True)
        self._client = self._connected()

    def close(self) -> None:
        """Kill it."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def _connected(self) -> BlockingKernelClient:
        client = self._manager.client()
        client.start_channels()
        client.wait_for_ready(READY_SECONDS)
        return client


def _collect(shown: list[str]) -> Any:  # noqa: ANN401 - the hook is not typed there
    def hook(message: dict[str, Any]) -> None:
        content = message["content"]
        match message["header"]["msg_type"]:
            case "stream":
                shown.append(content["text"])
            case "execute_result":
                shown.append(content["data"]["text/plain"])

    return hook
