"""CPU time of sessions is counted as the host's kernel has it, whatever code says of itself."""

from cellblock_client import Client

SPIN = """
import os, time
if os.fork() == 0:
    end = time.process_time() + 0.7
    while time.process_time() < end: pass
    os._exit(0)
os.wait()
"""


def test_a_sessions_cpu_time_is_counted_to_its_end(client: Client) -> None:
    # Processes that have ended count, too; the test doesn't wait for the meter's next reading.
    before = client.admin.usage("default").cpu_seconds
    with client.sessions.create() as session:
        assert session.run(SPIN).failure is None
    used = client.admin.usage("default").cpu_seconds - before
    assert used > 0.6
