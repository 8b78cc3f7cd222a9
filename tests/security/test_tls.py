"""TLS authenticates both sides, and certificates can be renewed."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import trustme

from cellblock_client import AsyncClient, Client, Tls
from cellblock_client.errors import Error, UnauthenticatedError, UnavailableError
from tests.security.callers import guarded
from tests.support.callers import admin_key
from tests.support.server import ServerProcess
from tests.support.waiting import until

SHORT = 5
"""Seconds for a call that can't be made."""


@dataclass(frozen=True)
class Authority:
    """A certificate authority, and files with some of its certificates."""

    authority: trustme.CA
    folder: Path

    @property
    def ca(self) -> Path:
        path = self.folder / "ca.pem"
        self.authority.cert_pem.write_to_path(path)
        return path

    def issue(self, name: str) -> tuple[Path, Path]:
        """Write a certificate for this machine and its key."""
        issued = self.authority.issue_cert("localhost", "127.0.0.1")
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
        certificate.write_bytes(chain)
        issued.private_key_pem.write_to_path(key)
        return certificate, key


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> list[Authority]:
    return [Authority(trustme.CA(), tmp_path_factory.mktemp(name)) for name in ("ours", "theirs")]


@contextmanager
def serving(folder: Path, files: dict[str, Path], listen: str) -> Iterator[tuple[str, str]]:
    """Start a server with TLS and keys; yield its port and an admin's key."""
    environment = {f"CELLBLOCK_SERVER__TLS_{name}": str(path) for name, path in files.items()}
    server = ServerProcess(
        folder,
        environment | {"CELLBLOCK_AUTH__REQUIRED": "true", "CELLBLOCK_SANDBOX__BACKEND": "local"},
    )
    server.listen = listen
    try:
        server.start()
        yield server.address.rpartition(":")[2], admin_key(server)
    finally:
        if server.running:
            server.stop()


def call(connect: Callable[[], Client]) -> None:
    with connect() as client:
        list(client.sessions.list(timeout=SHORT))


async def test_a_listener_for_others_speaks_tls_and_needs_a_key(
    authorities: list[Authority], tmp_path: Path
) -> None:
    ours, theirs = authorities
    certificate, key = ours.issue("server")
    files = {"CERTIFICATE": certificate, "KEY": key}
    with serving(tmp_path, files, "0.0.0.0:0") as (port, api_key):
        address, tls = f"localhost:{port}", Tls(ours.ca)
        call(lambda: Client(address, api_key=api_key, tls=tls))
        async with AsyncClient(address, api_key=api_key, tls=tls) as asynchronous:
            file = await asynchronous.files.upload(b"x", "x")
            assert await asynchronous.files.read(file.id) == b"x"
        with pytest.raises(UnauthenticatedError):
            call(lambda: Client(address, api_key="", tls=tls))
        # Not spoken to without TLS, nor believed by who knows another authority.
        for other in (False, Tls(theirs.ca)):
            with pytest.raises(UnavailableError):
                call(partial(Client, address, api_key=api_key, tls=other, retry_for=0))


def test_with_mutual_tls_callers_need_a_certificate_as_well(
    authorities: list[Authority], tmp_path: Path
) -> None:
    ours, theirs = authorities
    certificate, key = ours.issue("server")
    files = {"CERTIFICATE": certificate, "KEY": key, "CLIENT_CA": ours.ca}
    with serving(tmp_path, files, "127.0.0.1:0") as (port, api_key):
        address = f"localhost:{port}"
        call(lambda: Client(address, api_key=api_key, tls=Tls(ours.ca, *ours.issue("caller"))))
        for tls in (Tls(ours.ca), Tls(ours.ca, *theirs.issue("caller"))):
            with pytest.raises(UnavailableError):
                call(partial(Client, address, api_key=api_key, tls=tls, retry_for=0))
        with pytest.raises(UnauthenticatedError):
            call(lambda: Client(address, api_key="", tls=Tls(ours.ca, *ours.issue("caller"))))


def test_renewed_files_are_used_without_a_restart(
    authorities: list[Authority], tmp_path: Path
) -> None:
    ours, theirs = authorities
    used, key = tmp_path / "used.pem", tmp_path / "used.key"
    install(ours.issue("server"), (used, key))
    with guarded(
        tmp_path,
        CELLBLOCK_SERVER__TLS_CERTIFICATE=str(used),
        CELLBLOCK_SERVER__TLS_KEY=str(key),
    ) as at:
        address = f"localhost:{at.address.rpartition(':')[2]}"

        def connect(authority: Authority, retry_for: float | None = None) -> Client:
            tls = Tls(authority.ca)
            return Client(address, api_key=at.admin, tls=tls, retry_for=retry_for)

        with connect(ours) as early:
            list(early.sessions.list())
            # Half of a renewal is no reason to stop serving.
            used.write_bytes(theirs.issue("server")[0].read_bytes())
            call(lambda: connect(ours))
            until(lambda: "tls_files_not_usable" in at.server.log.read_text())
            install(theirs.issue("server"), (used, key))
            call(lambda: connect(theirs))
            with pytest.raises(UnavailableError):
                call(lambda: connect(ours, retry_for=0))
            # Existing connections are not closed.
            list(early.sessions.list(timeout=SHORT))
        assert "tls_files_renewed" in at.server.log.read_text()


def install(issued: tuple[Path, Path], places: tuple[Path, Path]) -> None:
    for source, target in zip(issued, places, strict=True):
        fresh = target.with_suffix(".new")
        shutil.copy(source, fresh)
        fresh.replace(target)


def test_unusable_files_stop_the_server(authorities: list[Authority], tmp_path: Path) -> None:
    files = {"CERTIFICATE": authorities[0].issue("x")[0], "KEY": authorities[1].issue("x")[1]}
    with (
        pytest.raises(AssertionError, match=r"tls_.*are not a certificate and its key"),
        serving(tmp_path, files, "127.0.0.1:0"),
    ):
        pass


def test_an_incomplete_client_certificate_pair_is_refused(authorities: list[Authority]) -> None:
    certificate, _key = authorities[0].issue("caller")
    with pytest.raises(Error, match="a certificate needs its key"):
        Client("localhost:1", api_key="", tls=Tls(certificate=certificate))
