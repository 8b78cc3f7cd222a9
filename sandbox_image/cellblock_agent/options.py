"""The agent's command line, declared once."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """What the agent is told at its start."""

    run_dir: Path
    """Has the token at first, and `agent.sock` later."""
    data_dir: Path
    """The user's folder, `/mnt/data` in a container."""
    kernel_dir: Path
    """Has the kernel's sockets. Short: a Unix socket's path has at most 107 bytes."""
    inputs_dir: Path
    """Large attachments, read-only."""
    orphan_timeout: float
    """Seconds without a server after which the agent ends."""
    fork_server_timeout: float
    """Seconds after which a fork server that forks nothing is ended."""
    start_timeout: float
    """Seconds that the first kernel may take, in three attempts: the server waits no longer."""
    kernel_niceness: int
    """By how much kernels give way to the agent, as nice(1) counts it."""
    preload: tuple[str, ...]
    """Modules that every kernel has imported from its start."""
    proxy_port: int
    """Where in the sandbox its way out is; 0 if it has none."""
    memory_bytes: int
    """The sandbox's limit; 0 if there is none."""
    pids: int
    """How many processes and threads the sandbox may have; 0 if there is no limit."""


def parse_options(arguments: Sequence[str]) -> Options:
    """Parse the command line; prints usage and exits with 2 if it is wrong."""
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
