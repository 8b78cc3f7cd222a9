"""A container's processes, as the host sees them."""

import psutil

from tests.support.engine import inspect


def agent_of(container: str) -> psutil.Process:
    """Return the container's first process, the agent."""
    return psutil.Process(int(inspect(container)["State"]["Pid"]))


def fork_server_of(container: str) -> psutil.Process:
    """Return the agent's only child, from which kernels are forked."""
    (child,) = agent_of(container).children()
    return child


def kernel_of(container: str) -> psutil.Process:
    """Return the fork server's only child, the kernel."""
    (child,) = fork_server_of(container).children()
    return child
