"""Entry point of the server: reads the configuration, serves and stops."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import structlog

from cellblock_server.assembly import listening
from cellblock_server.assembly.timings import DEFAULT_TIMINGS, Timings
from cellblock_server.backends.docker.seccomp import SeccompProfileError
from cellblock_server.common.errors import CellblockError
from cellblock_server.config import ConfigurationError, Settings, read_configuration
from cellblock_server.config.arguments import add_options, given
from cellblock_server.config.console import DEFAULT_ADDRESS
from cellblock_server.config.origins import Values
from cellblock_server.ops import embedded, service_manager
from cellblock_server.ops.embedded import NotEmbeddedError
from cellblock_server.rpc.sockets import ListenError
from cellblock_server.store.opening import open_database
from cellblock_server.store.state_folder import (
    StateFolder,
    StateFolderError,
    shared_state_folder,
    state_folder,
)
from cellblock_server.telemetry import logging, tracing
from cellblock_server.tenants.first_key import create_admin_key

CREATE_ADMIN_KEY = "create-admin-key"

log = structlog.get_logger(__name__)


def main(arguments: Sequence[str] | None = None, timings: Timings = DEFAULT_TIMINGS) -> int:
    """Run the server until it is asked to stop; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        configuration = read_configuration(options.config, _flags(options))
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # noqa: T201 - there is no log yet
        return 2
    settings = configuration.settings
    logging.configure(settings.log.level, settings.log.format)
    for warning in configuration.warnings():
        log.warning("configuration", problem=warning)
    try:
        with ExitStack() as stack:
            if options.command == CREATE_ADMIN_KEY:
                return asyncio.run(_create_admin_key(settings))
            if options.embedded:
                stack.enter_context(embedded.removed_at_end(options.embedded))
            state = stack.enter_context(state_folder(settings.server.state_dir))
            stack.enter_context(tracing.exported(settings.telemetry.otlp_endpoint))
            asyncio.run(_serve(settings, state, timings, for_owner=bool(options.embedded)))
    except (
        NotEmbeddedError,
        StateFolderError,
        SeccompProfileError,
        ListenError,
        CellblockError,
    ) as error:
        print(error, file=sys.stderr)  # noqa: T201 - for the process that started us
        return 1
    return 0


async def _create_admin_key(settings: Settings) -> int:
    state = shared_state_folder(settings.server.state_dir)
    database = await open_database(settings, state, is_alone=False)
    try:
        print(await create_admin_key(database, state))  # noqa: T201 - the command's result
    finally:
        await database.close()
    return 0


async def _serve(
    settings: Settings, state: StateFolder, timings: Timings, *, for_owner: bool
) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if for_owner:
        embedded.at_end_of_input(stop.set)
    async with listening(settings, state, _give_up, timings) as addresses:
        # The parent process waits for this line; the log is on stderr.
        print(f"ready {addresses.grpc}", flush=True)  # noqa: T201
        if addresses.console:
            # Not in the log: this URL logs its reader in.
            print(f"console {addresses.console}", flush=True)  # noqa: T201
        log.info("listening", address=addresses.grpc, backend=settings.sandbox.backend)
        service_manager.notify_service_manager(service_manager.READY)
        await stop.wait()
        log.info("stopping")
        service_manager.notify_service_manager(service_manager.STOPPING)


def _give_up(why: str) -> None:
    """End now, as a killed server does: continuing could undo another server's changes."""
    print(why, file=sys.stderr, flush=True)  # noqa: T201 - for the process that started us
    os._exit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cellblock serve",
        description="Run the Cellblock server. Flags override environment variables, which "
        "override the config file: see docs/reference/configuration.md.",
    )
    parser.add_argument(
        "command",
        nargs="?",
        choices=[CREATE_ADMIN_KEY],
        help=f"{CREATE_ADMIN_KEY}: print a new API key with the role ADMIN and exit; the server "
        "may be running. Without a command: serve",
    )
    add_options(parser)
    parser.add_argument(
        "--console",
        nargs="?",
        const=DEFAULT_ADDRESS,
        metavar="ADDRESS",
        help=f"serve the web console on {DEFAULT_ADDRESS} or this host:port (console.listen)",
    )
    parser.add_argument(
        "--embedded",
        type=Path,
        metavar="FOLDER",
        help="serve only the process that holds standard input: store everything in FOLDER; "
        "when standard input ends, end all sessions, remove FOLDER and stop",
    )
    return parser


def _flags(options: argparse.Namespace) -> Values:
    flags: Values = embedded.flags(options.embedded) if options.embedded else {}
    for name, value in given(options).items():
        flags[name] = {**flags.get(name, {}), **value} if isinstance(value, dict) else value
    if options.console is not None:
        flags["console"] = {"listen": options.console}
    return flags


if __name__ == "__main__":
    sys.exit(main())
