"""Readiness of the server: repeated checks of everything that it depends on."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from cellblock_server.common.errors import CellblockError
from cellblock_server.common.supervisor import Supervisor

ENGINE, STORE, BLOBS = "engine", "store", "blobs"
SESSIONS, SERVING = "sessions", "serving"
NOT_CHECKED = "not checked yet"

Problems = Mapping[str, str]
"""Problem of each dependency; an empty text if it has none."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ReadinessTimings:
    """Times of the readiness checks, in seconds."""

    pause: float = 5.0
    """Pause between two checks, and so the delay until an outage is noticed."""
    answer: float = 5.0
    """Timeout of the engine or a store."""


class Readiness:
    """Checks dependencies and reports changes, while it is `run`."""

    def __init__(
        self,
        engine: Callable[[], Awaitable[None]],
        store: Callable[[], Awaitable[None]],
        blobs: Callable[[], Awaitable[None]],
        reconciled: asyncio.Event,
        show: Callable[[Problems], Awaitable[None]],
        show_background: Callable[..., Awaitable[None]],
        supervisor: Supervisor,
        timings: ReadinessTimings | None = None,
    ) -> None:
        """Check `engine`, `store` and `blobs`, which raise UnavailableError during an outage.

        `reconciled` is set when all sessions of earlier servers are taken over or ended.
        `show_background` gets whether all tasks of `supervisor` run well: a server whose background
        task fails continues to serve, so that doesn't affect readiness.
        """
        self._checks = {ENGINE: engine, STORE: store, BLOBS: blobs}
        self._reconciled = reconciled
        self._show = show
        self._show_background = show_background
        self._supervisor = supervisor
        self._timings = timings or ReadinessTimings()
        self.problems: dict[str, str] = {
            ENGINE: NOT_CHECKED,
            STORE: NOT_CHECKED,
            BLOBS: NOT_CHECKED,
            SESSIONS: NOT_CHECKED,
            SERVING: "the server is starting",
        }

    async def serving(self) -> None:
        """Report that calls are accepted from now on."""
        await self._show_background(are_well=not self._supervisor.failing())
        await self._report({SERVING: "", **await self._check_all()})

    async def stopping(self) -> None:
        """Report that no more calls are accepted, while those in progress continue."""
        await self._report({SERVING: "the server is stopping"})

    async def run(self) -> None:
        """Check until cancelled."""
        while True:
            await asyncio.sleep(self._timings.pause)
            await self._show_background(are_well=not self._supervisor.failing())
            await self._report(await self._check_all())

    async def _check_all(self) -> dict[str, str]:
        seconds = self._timings.answer
        checks = self._checks.values()
        answers = await asyncio.gather(*(_problem(check, seconds) for check in checks))
        known = self._reconciled.is_set()
        missing = "" if known else "sessions of the previous server are not taken over yet"
        return {**dict(zip(self._checks, answers, strict=True)), SESSIONS: missing}

    async def _report(self, problems: dict[str, str]) -> None:
        changed = {name: now for name, now in problems.items() if now != self.problems[name]}
        self.problems.update(changed)
        for name, problem in changed.items():
            if problem and name == SERVING:
                # The server is stopping.
                log.info("not_ready", check=name, problem=problem)
            elif problem:
                log.warning("not_ready", check=name, problem=problem)
            else:
                log.info("ready", check=name)
        if changed:
            await self._show(self.problems)


async def _problem(check: Callable[[], Awaitable[None]], seconds: float) -> str:
    try:
        async with asyncio.timeout(seconds):
            await check()
    except CellblockError as error:
        return str(error)
    except TimeoutError:
        return f"no answer within {seconds:g} s"
    return ""
