"""Entry point of the agent: protect the process, load in parallel with the fork server, serve.

The order matters. No user code runs before the token is removed from the disk and this process
can't be traced. The fork server starts before the agent's own heavy imports, so that both load in
parallel.
"""

import importlib
import logging
import os
import sys

from cellblock_agent.options import parse_options
from cellblock_agent.processes.own_process import become_subreaper, block_termination, set_dumpable
from cellblock_agent.timings import DEFAULT_TIMINGS, Timings

SHARED_MODULES = ("jupyter_client.blocking.client",)
"""Modules that both processes need: imported once, before the fork, and shared. They start no
thread."""


def main(timings: Timings = DEFAULT_TIMINGS) -> int:
    """Run the agent until it is terminated or orphaned, and return the exit code."""
    options = parse_options(sys.argv[1:])
    os.umask(0o077)
    set_dumpable(dumpable=False)
    become_subreaper()
    block_termination()

    for name in SHARED_MODULES:
        importlib.import_module(name)
    from cellblock_agent.kernel.forkserver_client import ForkServerProcess

    fork_server = ForkServerProcess.fork(options.preload)
    # Not earlier: kernels are forked from the fork server, and logging there belongs to user code.
    logging.basicConfig(level=logging.INFO, format="agent: %(levelname)s %(name)s: %(message)s")

    from cellblock_agent import agent
    from cellblock_agent.token_check import TokenError, take_token

    try:
        token = take_token(options.run_dir)
    except TokenError as error:
        sys.stderr.write(f"agent: {error}\n")
        fork_server.kill()
        return 2
    return agent.run_agent(options, token, fork_server, timings)


if __name__ == "__main__":
    sys.exit(main())
