"""Application that `kernel.json` names: starts the kernel."""

from typing import Any

from ipykernel.kernelapp import IPKernelApp

from cellblock_client.jupyter.kernel import CellblockKernel


class Application(IPKernelApp):
    """Application of ipykernel, which binds the channels and sends heartbeats."""

    name = "cellblock-kernel"
    kernel_class = CellblockKernel
    # This process writes to its log only: the output of code arrives as events.
    outstream_class = None  # type: ignore[assignment] # it may be, by its declaration
    classes: list[Any] = [CellblockKernel]  # noqa: RUF012 - traitlets'


if __name__ == "__main__":
    Application.launch_instance()
