"""The real server with the times that a test gives it, and with background tasks that fail.

Run as a module, with the server's arguments. It reads two environment variables:
- `TEST_TIMINGS`: JSON of `Timings`, such as `{"pool": {"check": 0.2}}`;
- `TEST_FAIL_AFTER`: seconds after which each background loop raises, the first time that it runs.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import fields
from pathlib import Path
from typing import Any

from cellblock_server import main as server
from cellblock_server.assembly.timings import Timings
from cellblock_server.common.supervisor import Supervisor
from tests.support.server import ServerProcess

COMMAND = (sys.executable, "-P", "-m", "tests.support.timed_server")
ShortTimings = Mapping[str, Mapping[str, float]]
"""Fields of `Timings`, and of each of them the seconds that a test sets."""
REPOSITORY = Path(__file__).parents[2]


def timed_server(
    folder: Path,
    timings: ShortTimings,
    *,
    fail_after: float | None = None,
    **environment: str,
) -> ServerProcess:
    """Return a server that has not been started."""
    given = {**timed_environment(timings), **environment}
    if fail_after is not None:
        given["TEST_FAIL_AFTER"] = str(fail_after)
    return ServerProcess(folder, given, COMMAND)


def timed_environment(timings: ShortTimings) -> dict[str, str]:
    """Return what `COMMAND` needs in its environment."""
    return {"PYTHONPATH": str(REPOSITORY), "TEST_TIMINGS": json.dumps(timings)}


def parse_timings(text: str) -> Timings:
    """Return the timings that a JSON object names; all others stay as they are."""
    given: dict[str, dict[str, Any]] = json.loads(text)
    default = Timings()
    kinds = {field.name: type(getattr(default, field.name)) for field in fields(Timings)}
    return Timings(**{name: kinds[name](**values) for name, values in given.items()})


def fail_loops_once(seconds: float) -> None:
    """Have each background loop raise when it has run for so long, the first time."""
    supervise = Supervisor.supervise
    has_failed: set[str] = set()

    def failing(
        self: Supervisor, name: str, loop: Callable[[], Awaitable[None]]
    ) -> AbstractAsyncContextManager[None]:
        async def run() -> None:
            if name in has_failed:
                return await loop()
            has_failed.add(name)
            try:
                async with asyncio.timeout(seconds):
                    await loop()
            except TimeoutError:
                raise LookupError(f"{name} was made to fail") from None

        return supervise(self, name, run)

    setattr(Supervisor, "supervise", failing)  # noqa: B010 - mypy has methods be constant


def main() -> int:
    if seconds := os.environ.get("TEST_FAIL_AFTER"):
        fail_loops_once(float(seconds))
    return server.main(timings=parse_timings(os.environ["TEST_TIMINGS"]))


if __name__ == "__main__":
    sys.exit(main())
