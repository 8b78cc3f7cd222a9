"""Process of the filtering proxy, squid: started with our configuration, watched, and stopped."""

import asyncio
import os
import pwd
import shutil
import socket
from asyncio.subprocess import PIPE
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog

from cellblock_server.common.errors import WrongStateError
from cellblock_server.egress.squid_config import Allowed, squid_config

START_SECONDS = 10
"""Time limit for squid to listen."""
LOOK_SECONDS = 0.02
"""Pause between two attempts to reach squid, which does not report that it listens."""
MAX_LINE = 65536
PLACES = "/usr/sbin:/usr/local/sbin"
"""Additional folders to search for squid, which not every user's PATH includes."""
USERS = ("proxy", "squid", "nobody")
"""Users that squid may switch to if root starts it: names on Debian and others, and a fallback."""
GUARD = (
    'exec 3<&0; "$@" </dev/null 3<&- & child=$!; '
    "{ read _ <&3; kill -KILL $child; } >/dev/null 2>&1 & wait $child"
)
"""Command prefix that ends squid when the server ends.

It runs a command until that ends, or until the standard input closes, as it does whenever the
server ends. A parent-death signal would not do: it is forgotten when squid changes user.
"""

log = structlog.get_logger(__name__)


class Proxy:
    """One squid process. It listens at `port`; None while it does not, which blocks egress."""

    def __init__(
        self, folder: Path, allowed: Allowed, seconds: int, on_request: Callable[[list[str]], None]
    ) -> None:
        """Store its configuration in `folder`; `on_request` gets the fields of each log line."""
        self._folder = folder
        self._allowed = allowed
        self._seconds = seconds
        self._on_request = on_request
        self._process: asyncio.subprocess.Process | None = None
        self.port: int | None = None

    async def start(self) -> None:
        """Start squid and wait until it listens. Raises WrongStateError (`EGRESS_UNAVAILABLE`)."""
        await self._start()

    async def _start(self) -> asyncio.subprocess.Process:
        program = squid()
        if program is None:
            raise WrongStateError(
                "EGRESS_UNAVAILABLE", "sandbox.network: 'proxy' needs squid, which is not installed"
            )
        self._folder.mkdir(mode=0o700, exist_ok=True)
        port = _free_port()
        user = _user()
        file = self._folder / "squid.conf"
        file.write_text(squid_config(self._allowed, port, self._seconds, user))
        process = await self._spawn(program, file, user)
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._until_it_listens(process, port)
        except (TimeoutError, ConnectionError) as error:
            await self.stop()
            raise WrongStateError("EGRESS_UNAVAILABLE", f"squid did not start: {error}") from error
        self.port = port
        log.info("egress_proxy_started", port=port)
        return process

    async def run(self) -> None:
        """Read squid's log until it ends; when called again, start it first.

        To be supervised. Raises WrongStateError (`EGRESS_UNAVAILABLE`) when it has ended or can't
        be started.
        """
        process = self._process or await self._start()
        try:
            await self._read(process)
            self.port = None
            code = await process.wait()
        finally:
            await self.stop()
        raise WrongStateError("EGRESS_UNAVAILABLE", f"squid ended with exit code {code}")

    async def stop(self) -> None:
        """End squid, which has nothing to save."""
        self.port = None
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        await process.wait()

    async def _spawn(
        self, program: str, file: Path, user: str | None
    ) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", _owned_output(user) + GUARD, "sh", program, "-N", "-f", str(file),
            stdin=PIPE, stdout=PIPE, stderr=asyncio.subprocess.STDOUT, cwd="/", limit=MAX_LINE,
        )  # fmt: skip
        self._process = process
        return process

    async def _until_it_listens(self, process: asyncio.subprocess.Process, port: int) -> None:
        while True:
            if process.returncode is not None:
                said = await process.stdout.read(MAX_LINE) if process.stdout else b""
                raise ConnectionError(said.decode(errors="replace").strip().rpartition("\n")[2])
            try:
                _reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(LOOK_SECONDS)
                continue
            writer.close()
            return

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            return
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # longer than the limit, and thrown away
                continue
            if not line:
                return
            kind, *fields = line.decode(errors="replace").split() or [""]
            if kind == "request":
                self._on_request(fields)
            else:
                log.debug("egress_proxy", said=line.decode(errors="replace").strip())


def squid() -> str | None:
    """Return squid's path; None if it is not installed."""
    return shutil.which("squid") or shutil.which("squid", path=PLACES)


def _user() -> str | None:
    """Return the user that squid switches to; None if it keeps ours."""
    if os.getuid() != 0:
        return None
    for name in USERS:
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise WrongStateError(
        "EGRESS_UNAVAILABLE", f"squid needs one of the users {', '.join(USERS)}: create one"
    )


def _owned_output(user: str | None) -> str:
    """Return a shell command that gives squid's user the output, which squid opens by name."""
    return f"chown {user} /proc/self/fd/1 && " if user else ""


def _free_port() -> int:
    """Return a port that was free a moment ago; if it is taken meanwhile, squid fails to start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
