"""Starts the kernel: what `kernel.json` names."""

from typing import Any

from ipykernel.kernelapp import IPKernelApp

from cellblock_client.jupyter.kernel import CellblockKernel


class Application(IPKernelApp):
    """ipykernel's application, which binds the channels and beats the heart."""

    name = "cellblock-kernel"
    kernel_class = CellblockKernel
    # What this process writes is for its log: what code writes comes as events.
    outstream_class = None  # type: ignore[assignment] # it may be, by its declaration
    classes: list[Any] = [CellblockKernel]  # noqa: RUF012 - traitlets'


if __name__ == "__main__":
    Application.launch_instance()
