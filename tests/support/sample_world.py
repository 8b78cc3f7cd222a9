"""A server with keys, TLS, sessions, files and tenants to which samples on the pages refer."""

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from secrets import token_hex

import trustme

from cellblock_client import Client, Role, Tls
from tests.support.callers import admin_key
from tests.support.images import ENVIRONMENT, FULL
from tests.support.samples import ROOT
from tests.support.server import ServerProcess

SAMPLES = ROOT / "tests" / "samples"
ADDRESSES = ("127.0.0.1:7711", "localhost:7711", "cellblock.example.com:7711")
"""Addresses of the server on the pages."""
ENDS_THINGS = re.compile(r"\b(?:delete|revoke|rm|detach)\b|--follow")
IN_SESSION = """
import pathlib
pathlib.Path("results").mkdir()
pathlib.Path("results/table.csv").write_text("a,b")
pathlib.Path("results/draft.csv").write_text("a,b")
pathlib.Path("run.sh").write_text("echo 1")
pathlib.Path("log.txt").write_text("line" * 1000)
print("hello")
"""
DATA = b"date,rain\n2026-11-01,3\n"
CODE = "print('analysed')"
FILES: dict[str, bytes | Path] = {
    "data.csv": DATA,
    "report.pdf": SAMPLES / "sample.pdf",
    "archive.zip": SAMPLES / "sample.zip",
    "project/main.py": CODE.encode(),
    "analysis.py": CODE.encode(),
    "more.py": CODE.encode(),
    "settings.json": b"{}",
    "cellblock.toml": b"",
    "config.toml": b"",
}
"""Files in a reader's folder."""


@dataclass(frozen=True)
class World:
    """A server with the address, certificate and keys to call it."""

    address: str
    state: Path
    ca: Path
    admin: str

    def client(self, key: str | None = None) -> Client:
        return Client(self.address, api_key=key or self.admin, tls=Tls(self.ca))

    def environment(self, home: Path, key: str) -> dict[str, str]:
        """Return the environment of a user who has configured the client."""
        programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return {
            "PATH": programs,
            "LANG": "C.UTF-8",
            "HOME": str(home),
            "CELLBLOCK_ADDRESS": self.address,
            "CELLBLOCK_API_KEY": key,
            "CELLBLOCK_TLS_CA": str(self.ca),
            "CELLBLOCK_SERVER__STATE_DIR": str(self.state),
        }

    def key(self) -> str:
        """Create a tenant and return a key of it with all rights."""
        tenant = f"reader-{token_hex(4)}"
        with self.client() as client:
            client.admin.create_tenant(tenant)
            return client.admin.create_key(tenant, Role.ADMIN).secret


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Run the server for the length of the block."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    files = {name: folder / name for name in ("ca.pem", "server.pem", "server.key")}
    authority.cert_pem.write_to_path(files["ca.pem"])
    files["server.pem"].write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(files["server.key"])
    server = ServerProcess(
        folder,
        ENVIRONMENT
        | {
            "CELLBLOCK_AUTH__REQUIRED": "true",
            "CELLBLOCK_SANDBOX__IMAGE": FULL,
            "CELLBLOCK_SERVER__TLS_CERTIFICATE": str(files["server.pem"]),
            "CELLBLOCK_SERVER__TLS_KEY": str(files["server.key"]),
        },
    )
    try:
        server.start()
        # The certificate's name, whatever the server calls itself.
        address = f"127.0.0.1:{server.address.rpartition(':')[2]}"
        yield World(address, server.state, files["ca.pem"], admin_key(server))
    finally:
        server.end()


class Reader:
    """A reader of a page, with the files that it mentions, and resources with ids of their own."""

    def __init__(self, world: World, client: Client) -> None:
        self._world = world
        self._client = client
        self._folder = Path()
        self._things: dict[str, str] = {}
        """Ids that replace the page's names; kept until a command ends something."""
        self._ended = False

    def enter_folder(self, folder: Path) -> None:
        """Start in a folder, with the files that pages mention."""
        self._folder = folder
        for name, content in FILES.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            if isinstance(content, Path):
                shutil.copy(content, path)
            else:
                path.write_bytes(content)
        (folder / "admin.key").write_text(self._world.admin)
        (folder / "acme.key").write_text(self._world.key())
        shutil.copy(self._world.ca, folder / "ca.pem")

    def own(self, text: str) -> str:
        """Return the page's text with this reader's names instead of the page's."""
        for address in ADDRESSES:
            text = text.replace(address, self._world.address)
        text = text.replace("/srv/backup/cellblock", str(self._folder / "copy"))
        ends = ENDS_THINGS.search(text) is not None
        if ends or self._ended:
            self._things.clear()
        self._ended = ends
        for name, make in (
            (r"sess_(?:abc|…)", self._session),
            (r"file-(?:abc|def|…)", self._file),
            (r"key_abc", self._key),
        ):
            text = re.sub(name, partial(self._thing, make), text)
        if "--follow" in text:
            # Or else it would have no end.
            self._client.sessions.get(self._things["sess_abc"]).delete()
        if " detach " in text:
            session, file = (self._things[name] for name in ("sess_abc", "file-abc"))
            self._client.sessions.get(session).attach(self._client.files.get(file))
        if "tenants create" in text:
            self._things["acme"] = f"acme-{token_hex(4)}"
        return re.sub(r"\bacme\b(?!\.key)", lambda _found: self._tenant(), text)

    def _thing(self, make: Callable[[], str], found: "re.Match[str]") -> str:
        name = found[0].replace("…", "abc")
        if name not in self._things:
            self._things[name] = make()
        return self._things[name]

    def _session(self) -> str:
        session = self._client.sessions.create()
        session.run(IN_SESSION)
        return session.id

    def _file(self) -> str:
        return self._client.files.upload(DATA, "stored.csv").id

    def _key(self) -> str:
        with self._world.client() as admin:
            return admin.admin.create_key(self._tenant(), Role.READ_ONLY).key.id

    def _tenant(self) -> str:
        """Return a tenant of this reader; create it unless the page does."""
        if "acme" not in self._things:
            self._things["acme"] = f"acme-{token_hex(4)}"
            with self._world.client() as admin:
                admin.admin.create_tenant(self._things["acme"])
        return self._things["acme"]
