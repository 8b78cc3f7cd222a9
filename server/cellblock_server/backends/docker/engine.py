"""Connection to the Docker Engine: one client, with its failures translated to our errors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

import aiodocker
import aiohttp
from aiodocker.exceptions import DockerError

from cellblock_server.backends.docker.engine_watch import EngineTimings, EngineWatch
from cellblock_server.backends.sandbox import SandboxSpec
from cellblock_server.common.errors import (
    CellblockError,
    InternalError,
    UnavailableError,
    WrongStateError,
)

ENGINE_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=5)
"""Time limits of engine calls; only `wait` has no limit.

A silent engine is noticed sooner: see `engine_watch.py`.
"""
CANNOT_CONNECT = 900
"""Status in aiodocker's errors when there was no response."""


class Engine:
    """The Docker Engine of this server, which is looked for at each use until it is found."""

    def __init__(self, timings: EngineTimings) -> None:
        """Connect at the first use."""
        self._client: aiodocker.Docker | None = None
        self._watch = EngineWatch(timings)

    async def close(self) -> None:
        """Close the connections."""
        await self._watch.close()
        if self._client is not None:
            await self._client.close()
            self._client = None

    @asynccontextmanager
    async def client(
        self, spec: SandboxSpec | None = None, *, may_last: bool = False
    ) -> AsyncIterator[aiodocker.Docker]:
        """Yield the client; translate its failures, and detect a silent engine.

        Errors about the creation of a sandbox name `spec`. A call that `may_last` is awaited while
        the engine responds to pings.
        """
        if self._client is None:
            try:
                self._client = aiodocker.Docker(timeout=ENGINE_TIMEOUT)
            except (AssertionError, ValueError) as error:
                # Raised by aiodocker when it finds no socket and no DOCKER_HOST.
                raise engine_down("no engine socket and no DOCKER_HOST") from error
        try:
            async with nullcontext() if may_last else self._watch.watching():
                yield self._client
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise engine_down(str(error) or type(error).__name__) from error
        except DockerError as error:
            raise engine_refused(error, spec) from error


def engine_down(detail: str) -> UnavailableError:
    """Return the error for an engine that does not respond."""
    return UnavailableError(
        "ENGINE_UNREACHABLE", "the Docker engine does not answer", detail=detail
    )


def engine_refused(error: DockerError, spec: SandboxSpec | None) -> CellblockError:
    """Return the error for an engine's refusal: a fixable one, or a server error."""
    if error.status == CANNOT_CONNECT:
        return engine_down(error.message)
    if spec is not None and error.status == 404 and "image" in error.message.lower():
        return WrongStateError(
            "IMAGE_MISSING",
            f"the sandbox image {spec.image!r} is not on the engine; build it with `make image`",
        )
    if spec is not None and "apparmor" in error.message.lower():
        words = "the engine does not have the AppArmor profile of sandbox.apparmor"
        return WrongStateError("APPARMOR_MISSING", words, error.message)
    if spec is not None and "runtime" in error.message.lower():
        return WrongStateError(
            "RUNTIME_MISSING", f"the engine has no runtime {spec.runtime!r}", error.message
        )
    if error.status >= 500 or error.status == 0:
        return UnavailableError("ENGINE_FAILED", "the Docker engine failed", detail=error.message)
    return InternalError("ENGINE_REFUSED", "the Docker engine refused a call", error.message)
