"""The programs that tests start most, with the modules that a fork server imports for them."""

import sys
from collections.abc import Sequence
from pathlib import Path

from cellblock_agent.__main__ import SHARED_MODULES
from cellblock_agent.kernel.forkserver import KERNEL_MODULES
from tests.support import timed_agent
from tests.support.forked import Program

PYTHON_MODULE = (sys.executable, "-P", "-m")
SERVERS = frozenset(
    ["cellblock_server.main", "tests.support.forged_server", "tests.support.timed_server"]
)
SERVER_PROGRAM = Program(
    "cellblock_server.main", "cellblock_server.main", ("cellblock_server.main",)
)
CLI = Program(
    str(Path(sys.executable).parent / "cellblock"),
    "cellblock_client.cli.main",
    ("cellblock_client.cli.app", "cellblock_server.main"),
)
AGENT = Program(
    timed_agent.__file__,
    timed_agent.__file__,
    # Not gRPC, which only the agent itself imports: its kernels would have it, too.
    (*SHARED_MODULES, *KERNEL_MODULES),
    "-I",
)


def forkable_server(command: Sequence[str]) -> Program | None:
    """Return the server that a command starts, if it is one that can be forked."""
    if tuple(command[:-1]) != PYTHON_MODULE or command[-1] not in SERVERS:
        return None
    return Program(command[-1], command[-1], ("cellblock_server.main",))
