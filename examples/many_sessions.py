"""Many pieces of code at once, each in a session of its own, and never more than a number.

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
"""How often a session is asked for while the server has no room."""
WAIT_SECONDS = 5.0
"""Between two of them, if the server does not say."""


async def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("script", type=Path, nargs="+")
    given = parser.parse_args()
    # All workers take from one iterator: what waits costs nothing, whatever its number.
    scripts = iter(given.script)
    async with AsyncClient() as client, asyncio.TaskGroup() as tasks:
        workers = [tasks.create_task(work(client, scripts)) for _ in range(given.at_once)]
    return 0 if all(worker.result() for worker in workers) else 1


async def work(client: AsyncClient, scripts: Iterator[Path]) -> bool:
    """Run one script after the other until there are none; whether all were well."""
    well = True
    for script in scripts:
        try:
            async with await new_session(client, script) as session:
                result = await session.run(script.read_text(), time_limit=60)
        # One that can't be run keeps no other from it.
        except (Error, OSError) as error:
            told = {"script": str(script), "error": str(error)}
        else:
            told = {"script": str(script), "status": result.status.name, "stdout": result.stdout}
            if result.error:
                told["error"] = f"{result.error.name}: {result.error.value}"
            elif result.failure:
                told["error"] = result.failure.message
        print(json.dumps(told), flush=True)
        well = well and "error" not in told
    return well


async def new_session(client: AsyncClient, script: Path) -> AsyncSession:
    """Create one. A server that is full says so at once: waiting for room is the caller's to do."""
    for _ in range(TRIES - 1):
        try:
            return await client.sessions.create(labels={"script": script.name})
        except ResourceExhaustedError as error:
            told = error.retry_after.total_seconds() if error.retry_after else WAIT_SECONDS
            # Those that were refused together should not come back together.
            await asyncio.sleep(told * random.uniform(1, 1.2))  # noqa: S311 - no secret
    return await client.sessions.create(labels={"script": script.name})


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
