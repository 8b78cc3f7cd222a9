"""The web console for other machines requires HTTPS, a key, and its own host name."""

import http.client
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from tests.support.callers import admin_key
from tests.support.server import ServerProcess

SECONDS = 20
NAME = "localhost"


@dataclass(frozen=True)
class Public:
    """A console that other machines can reach."""

    port: int
    key: str
    authority: trustme.CA
    files: tuple[Path, Path]

    def connection(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return http.client.HTTPSConnection(NAME, self.port, timeout=SECONDS, context=context)

    def serial(self) -> str:
        """Return the serial number of the certificate that the server presents."""
        connection = self.connection()
        try:
            connection.connect()
            found = connection.sock.getpeercert()
            assert found is not None
            return str(found["serialNumber"])
        finally:
            connection.close()


def write(authority: trustme.CA, files: tuple[Path, Path]) -> None:
    issued = authority.issue_cert(NAME)
    issued.cert_chain_pems[0].write_to_path(files[0])
    issued.private_key_pem.write_to_path(files[1])


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Public]:
    folder = tmp_path_factory.mktemp("public")
    authority, files = trustme.CA(), (folder / "server.pem", folder / "server.key")
    write(authority, files)
    server = ServerProcess(
        folder,
        {
            "CELLBLOCK_CONSOLE__LISTEN": "0.0.0.0:0",
            "CELLBLOCK_CONSOLE__HOSTS": json.dumps([NAME]),
            "CELLBLOCK_SERVER__TLS_CERTIFICATE": str(files[0]),
            "CELLBLOCK_SERVER__TLS_KEY": str(files[1]),
            "CELLBLOCK_AUTH__REQUIRED": "true",
            "CELLBLOCK_SANDBOX__BACKEND": "local",
        },
    )
    server.start()
    try:
        url = urlsplit(server.console)
        assert url.scheme == "https"
        yield Public(url.port or 0, admin_key(server), authority, files)
    finally:
        server.stop()


def log_in(public: Public, host: str) -> http.client.HTTPResponse:
    connection = public.connection()
    connection.request(
        "POST",
        "/api/login",
        json.dumps({"secret": public.key}),
        {"Host": host, "Origin": f"https://{host}", "Content-Type": "application/json"},
    )
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_a_key_logs_in_by_https(public: Public) -> None:
    answer = log_in(public, f"{NAME}:{public.port}")
    assert answer.status == 200
    assert "Secure" in (answer.getheader("Set-Cookie") or "").split("; ")


def test_loopback_names_are_foreign_hosts_with_tls(public: Public) -> None:
    assert log_in(public, "127.0.0.1").status == 403


def test_plain_http_is_refused(public: Public) -> None:
    connection = http.client.HTTPConnection(NAME, public.port, timeout=SECONDS)
    connection.request("GET", "/", headers={"Host": NAME})
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        connection.getresponse()
    connection.close()


def test_a_renewed_certificate_is_used_without_a_restart(public: Public) -> None:
    before = public.serial()
    write(public.authority, public.files)
    # The connection that finds it may be the last one with the old one.
    assert before != (public.serial(), public.serial())[1]
