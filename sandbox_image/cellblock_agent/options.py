"""Command line of the agent."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """Options with which the server starts the agent."""

    run_dir: Path
    """Directory with the token at the start, and `agent.sock` later."""
    data_dir: Path
    """Directory of the user's files, `/mnt/data` in a container."""
    kernel_dir: Path
    """Directory of the kernel's sockets. A Unix socket's path has at most 107 bytes."""
    inputs_dir: Path
    """Directory of large attachments, read-only."""
    orphan_timeout: float
    """Seconds without a server after which the agent ends."""
    fork_server_timeout: float
    """Seconds without a fork after which the fork server ends."""
    start_timeout: float
    """Seconds that the first kernel may take to start, in three attempts: the server waits no
    longer."""
    kernel_niceness: int
    """Niceness of kernels, as in nice(1): the agent has priority."""
    preload: tuple[str, ...]
    """Modules that every kernel has imported when it starts."""
    proxy_port: int
    """Loopback port of the egress relay; 0 if the sandbox has no egress."""
    memory_bytes: int
    """Memory limit of the sandbox in bytes; 0 if there is none."""
    pids: int
    """Maximum number of processes and threads of the sandbox; 0 if there is no limit."""


def parse_options(arguments: Sequence[str]) -> Options:
    """Parse the command line; print the usage and exit with code 2 if it is invalid."""
    parser = argparse.ArgumentParser(prog="cellblock_agent", description=__doc__)
    parser.add_argument("--run-dir", type=Path, default=Path("/run/cellblock"))
    parser.add_argument("--data-dir", type=Path, default=Path("/mnt/data"))
    parser.add_argument("--kernel-dir", type=Path, default=Path("/run/kernel"))
    parser.add_argument("--inputs-dir", type=Path, default=Path("/mnt/inputs"))
    parser.add_argument("--orphan-timeout", type=float, default=3600.0, metavar="SECONDS")
    parser.add_argument("--fork-server-timeout", type=float, default=300.0, metavar="SECONDS")
    parser.add_argument("--start-timeout", type=float, default=60.0, metavar="SECONDS")
    parser.add_argument("--kernel-niceness", type=int, default=19, metavar="NUMBER")
    parser.add_argument("--preload", default="", metavar="MODULE,…")
    parser.add_argument("--proxy-port", type=int, default=0, metavar="NUMBER")
    parser.add_argument("--memory-bytes", type=int, default=0, metavar="BYTES")
    parser.add_argument("--pids", type=int, default=0, metavar="NUMBER")
    parsed = parser.parse_args(arguments)
    if parsed.orphan_timeout <= 0:
        parser.error(f"--orphan-timeout: must be over 0 s, got {parsed.orphan_timeout:g}")
    if parsed.fork_server_timeout <= 0:
        parser.error(f"--fork-server-timeout: must be over 0 s, got {parsed.fork_server_timeout:g}")
    if parsed.start_timeout <= 0:
        parser.error(f"--start-timeout: must be over 0 s, got {parsed.start_timeout:g}")
    return Options(
        run_dir=parsed.run_dir,
        data_dir=parsed.data_dir,
        kernel_dir=parsed.kernel_dir,
        inputs_dir=parsed.inputs_dir,
        orphan_timeout=parsed.orphan_timeout,
        fork_server_timeout=parsed.fork_server_timeout,
        start_timeout=parsed.start_timeout,
        kernel_niceness=parsed.kernel_niceness,
        preload=tuple(name for name in parsed.preload.split(",") if name),
        proxy_port=parsed.proxy_port,
        memory_bytes=parsed.memory_bytes,
        pids=parsed.pids,
    )
