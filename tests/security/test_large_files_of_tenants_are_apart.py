"""Two tenants with equal large files can't detect each other."""

from collections.abc import Callable

from cellblock_client import Client, Role
from tests.support.callers import admin_key
from tests.support.server import ServerProcess

LOOK = "import os; found = os.stat('large'); found.st_ino, found.st_nlink, found.st_ctime_ns"
LOCK = (
    "import fcntl\nfile = open('large'); fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB); 'locked'"
)


def test_neither_links_nor_times_nor_locks_are_shared(
    new_server: Callable[..., ServerProcess],
) -> None:
    server = new_server(CELLBLOCK_AUTH__REQUIRED="true", CELLBLOCK_FILES__SMALL_FILE_BYTES="1000")
    data = b"y" * 5000

    def client(key: str) -> Client:
        return Client(server.address, api_key=key, tls=False)

    with client(admin_key(server)) as admin:
        keys = []
        for tenant in ("one", "other"):
            admin.admin.create_tenant(tenant)
            keys.append(admin.admin.create_key(tenant, Role.EXECUTOR).secret)
    with (
        client(keys[0]) as one,
        client(keys[1]) as other,
        one.sessions.create() as watching,
        other.sessions.create() as acting,
    ):
        watching.attach(one.files.upload(data, "large"))
        before = watching.run(LOOK).text
        assert watching.run(LOCK).text == "'locked'"
        uploaded = other.files.upload(data, "large")
        acting.attach(uploaded)
        assert acting.run(LOCK).text == "'locked'"
        acting.detach(uploaded.id)
        other.files.delete(uploaded.id)
        assert watching.run(LOOK).text == before
