"""Write the state of a server of this version as SQL, for `tests/reliability/test_upgrade.py`.

    python -m tests.support.written_state > tests/reliability/states/NUMBER.sql

Run it with the last version's code before a change to what is stored. Then move the times to the
day before, set the `expire_time` of the generated file to a far time, and note in the test the
server's secret and the keys, which are printed to stderr.
"""

import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from cellblock_client import Client, Place, Quotas, Role
from cellblock_client.events import Stdout
from tests.support.callers import admin_key
from tests.support.server import ServerProcess

UPLOADED = b"a file of an older release\n"
MADE = b"made by code of an older release\n"
TENANT = "blue"


def main() -> None:
    """Use a server, kill it while code runs, and print what it stored."""
    with tempfile.TemporaryDirectory() as folder:
        server = ServerProcess(Path(folder), {"CELLBLOCK_AUTH__REQUIRED": "true"})
        try:
            server.start()
            admin = admin_key(server)
            with Client(server.address, api_key=admin, tls=False) as client:
                client.admin.create_tenant(TENANT, quotas=Quotas(max_sessions=7))
                key = client.admin.create_key(TENANT, Role.EXECUTOR, description="old key").secret
            with Client(server.address, api_key=key, tls=False) as client:
                _use(client)
                server.kill()
            secret = (server.state / "secret").read_bytes().hex()
            sys.stderr.write(f"secret {secret}\nadmin's key {admin}\n{TENANT}'s key {key}\n")
            with closing(sqlite3.connect(server.state / "cellblock.db")) as database:
                sys.stdout.writelines(f"{line}\n" for line in database.iterdump())
        finally:
            server.end()


def _use(client: Client) -> None:
    client.files.upload(UPLOADED, "old.txt")
    place = Place(thread_id="thread_old", run_id="run_old", step_id="step_old")
    session = client.sessions.create(
        session_id="sess_ended", thread_id="thread_old", labels={"team": "blue"}
    )
    code = f"open('made.txt', 'wb').write({MADE!r}); print(6 * 7)"
    session.execute(code, execution_id="call_done", place=place).result()
    session.execute("1 / 0", execution_id="call_error").result()
    session.delete()
    session = client.sessions.create(session_id="sess_alive")
    code = "import time\nprint('half', flush=True)\ntime.sleep(600)"
    running = session.execute(code, execution_id="call_running")
    next(event for event in running if isinstance(event, Stdout))
    next(iter(session.execute("1", execution_id="call_queued")))


if __name__ == "__main__":
    main()
