"""Run many scripts in parallel, each in its own session, up to a limit.

    python examples/many_sessions.py --at-once 8 first.py second.py third.py …

Prints a line of JSON for each as it ends. Uses the server that CELLBLOCK_ADDRESS names.
"""

import argparse
import asyncio
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

from cellblock_client import AsyncClient, AsyncSession, Error
from cellblock_client.errors import ResourceExhaustedError

TRIES = 20
"""Number of attempts to create a session while the server is full."""
WAIT_SECONDS = 5.0
"""Seconds between two attempts, if the server does not say."""


async def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("script", type=Path, nargs="+")
    given = parser.parse_args()
    # All workers share one iterator: waiting scripts cost nothing.
    scripts = iter(given.script)
    async with AsyncClient() as client, asyncio.TaskGroup() as tasks:
        workers = [tasks.create_task(work(client, scripts)) for _ in range(given.at_once)]
    return 0 if all(worker.result() for worker in workers) else 1


async def work(client: AsyncClient, scripts: Iterator[Path]) -> bool:
    """Run one script after the other, and return whether all succeeded."""
    well = True
    for script in scripts:
        try:
            async with await new_session(client, script) as session:
                result = await session.run(script.read_text(), time_limit=60)
        # A script that can't be run does not stop the others.
        except (Error, OSError) as error:
            report = {"script": str(script), "error": str(error)}
        else:
            report = {"script": str(script), "status": result.status.name, "stdout": result.stdout}
            if result.error:
                report["error"] = f"{result.error.name}: {result.error.value}"
            elif result.failure:
                report["error"] = result.failure.message
        print(json.dumps(report), flush=True)
        well = well and "error" not in report
    return well


async def new_session(client: AsyncClient, script: Path) -> AsyncSession:
    """Create a session. A full server refuses immediately, so the caller waits and retries."""
    for _ in range(TRIES - 1):
        try:
            return await client.sessions.create(labels={"script": script.name})
        except ResourceExhaustedError as error:
            wait = error.retry_after.total_seconds() if error.retry_after else WAIT_SECONDS
            # Callers that were refused together should not retry together.
            await asyncio.sleep(wait * random.uniform(1, 1.2))  # noqa: S311 - no secret
    return await client.sessions.create(labels={"script": script.name})


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
