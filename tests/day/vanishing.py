"""A program that uses a session and is killed in the middle of its code."""

import os
import subprocess
import sys

PROGRAM = """
from cellblock_client import Client
with Client() as client:
    session = client.sessions.create(idle_timeout=0.5)
    for event in session.execute("while True: print('x' * 1000)", time_limit=2):
        print(event, flush=True)
"""


def vanish(address: str, key: str) -> None:
    """Run the program, and kill it when its code has shown something."""
    environment = {**os.environ, "CELLBLOCK_ADDRESS": address, "CELLBLOCK_API_KEY": key}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as process:
        assert process.stdout is not None
        # Refused, as in a burst, it ends by itself.
        process.stdout.readline()
        process.kill()
