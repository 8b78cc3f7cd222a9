"""A real server that requires keys, with two tenants, and code that really runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from cellblock.v1.session_pb2 import ListSessionsRequest
from cellblock_client import Client, Role
from tests.support.callers import admin_key, call, method_named
from tests.support.server import ServerProcess

NEEDS_KEYS = {"CELLBLOCK_AUTH__REQUIRED": "true", "CELLBLOCK_SANDBOX__BACKEND": "local"}
"""Environment of a server that requires keys. The local backend is used because it starts fast."""


@dataclass(frozen=True)
class Guarded:
    """A server that requires keys."""

    server: ServerProcess
    channel: grpc.Channel
    admin: str
    """The secret of an admin's key."""

    @property
    def address(self) -> str:
        return self.server.address

    def client(self, key: str) -> Client:
        return Client(self.address, api_key=key, tls=False)

    def tenant(self, name: str, role: Role = Role.EXECUTOR) -> str:
        """Create a tenant and return a key of it."""
        with self.client(self.admin) as client:
            client.admin.create_tenant(name)
        return self.key(name, role)

    def key(self, tenant: str, role: Role) -> str:
        """Create a key of a tenant."""
        with self.client(self.admin) as client:
            return client.admin.create_key(tenant, role).secret


@contextmanager
def guarded(folder: Path, **environment: str) -> Iterator[Guarded]:
    """Run one, with more environment variables if given."""
    server = ServerProcess(folder, NEEDS_KEYS | environment)
    try:
        server.start()
        with grpc.insecure_channel(server.address) as channel:
            at = Guarded(server, channel, admin_key(server))
            if "CELLBLOCK_SERVER__TLS_CERTIFICATE" not in environment:
                # A connection that has shown no valid key may make few calls.
                call(channel, method_named("ListSessions"), [ListSessionsRequest()], at.admin)
            yield at
    finally:
        if server.running:
            # Sessions of this backend end with it.
            server.stop()


def key_id(secret: str) -> str:
    """Return the id in a key."""
    return "_".join(secret.split("_")[1:3])
