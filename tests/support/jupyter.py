"""The user's side of a notebook: a kernel and its client, through `jupyter_client`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from cellblock_client.jupyter.provisioner import CellblockProvisioner

SECONDS = 40


@dataclass
class Shown:
    """Messages and reply of an executed cell."""

    reply: dict[str, Any]
    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Kind and content, without the statuses and the code's own echo."""

    @property
    def kinds(self) -> list[str]:
        """Return the kinds of the messages."""
        return [kind for kind, _ in self.messages]

    @property
    def text(self) -> str:
        """Return the text of both streams."""
        return "".join(content["text"] for kind, content in self.messages if kind == "stream")


@dataclass
class Notebook:
    """A kernel, and a client of it."""

    manager: KernelManager
    client: BlockingKernelClient

    @property
    def provisioner(self) -> CellblockProvisioner:
        """The provisioner, which has the session."""
        provisioner = self.manager.provisioner
        assert isinstance(provisioner, CellblockProvisioner)
        return provisioner

    def run(
        self,
        code: str,
        on_message: Callable[[str, dict[str, Any]], None] = lambda kind, content: None,
        **options: Any,
    ) -> Shown:
        """Run a cell; `on_message` is called with each message as it comes."""
        shown = Shown({})

        def keep(message: dict[str, Any]) -> None:
            kind, content = message["msg_type"], message["content"]
            if kind not in ("status", "execute_input"):
                shown.messages.append((kind, content))
                on_message(kind, content)

        done = self.client.execute_interactive(
            code, output_hook=keep, timeout=SECONDS, allow_stdin=False, **options
        )
        shown.reply = done["content"]
        return shown

    def restart(self) -> None:
        """Restart the kernel like the front end's button."""
        self.manager.restart_kernel()
        self.client.wait_for_ready(timeout=SECONDS)


@contextmanager
def opened(name: str, cwd: Path | None = None) -> Iterator[Notebook]:
    """Start the kernel of that name in a folder, and shut it down after the block."""
    manager = KernelManager(kernel_name=name)
    manager.start_kernel(**({} if cwd is None else {"cwd": str(cwd)}))
    try:
        client = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=SECONDS)
            yield Notebook(manager, client)
        finally:
            client.stop_channels()
    finally:
        manager.shutdown_kernel()
