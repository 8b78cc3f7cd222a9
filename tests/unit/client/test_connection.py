"""Connection settings: arguments, environment variables, and no key without TLS."""

from pathlib import Path
from typing import Any

import pytest

from cellblock_client import AsyncClient, Client, Tls
from cellblock_client.channel import Connection, connection, is_local
from cellblock_client.errors import InvalidArgumentError

KEY = "cb_sesame"
VARIABLES = ("ADDRESS", "API_KEY", "TLS", "TLS_CA", "TLS_CERTIFICATE", "TLS_KEY")


@pytest.fixture(autouse=True)
def no_connection_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(f"CELLBLOCK_{name}", raising=False)


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1:7711",
        "example.com:7711",
        "localhost.example.com:7711",
        "[2001:db8::1]:7711",
        "dns:///example.com:7711",
        "0.0.0.0:7711",
        "127.0.0.1.example.com:7711",
    ],
)
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_key_is_never_sent_to_another_machine_without_tls(kind: Any, address: str) -> None:
    with pytest.raises(
        InvalidArgumentError, match="never sent over a network without TLS"
    ) as error:
        kind(address, api_key=KEY)
    assert error.value.field == "tls"
    assert KEY not in str(error.value)
    assert connection(address, KEY, True).api_key == KEY
    assert connection(address, "", None).api_key == ""


@pytest.mark.parametrize(
    "address", ["127.0.0.1:1", "127.1.2.3:1", "localhost:1", "[::1]:1", "unix:/x", "unix:///x"]
)
def test_key_may_be_sent_to_this_machine_without_tls(address: str) -> None:
    assert is_local(address)
    assert connection(address, KEY, None).tls is None


def test_connection_without_tls_uses_no_proxy() -> None:
    assert ("grpc.enable_http_proxy", 0) in Connection("127.0.0.1:1", KEY).options


def test_environment_variables_replace_missing_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    assert connection(None, None, None) == Connection("127.0.0.1:7711", "", None)
    for name, value in zip(VARIABLES, ("a:1", f" {KEY}\n", "", "ca", "cert", "key"), strict=True):
        monkeypatch.setenv(f"CELLBLOCK_{name}", value)
    found = connection(None, None, None)
    assert (found.address, found.api_key) == ("a:1", KEY)
    assert found.tls == Tls("ca", "cert", "key")
    other = connection("unix:/x", "", False)
    assert other == Connection("unix:/x", "", None)


@pytest.mark.parametrize(
    ("value", "tls"), [("", None), ("0", None), ("false", None), ("1", Tls()), ("True", Tls())]
)
def test_tls_switch_uses_the_default_authorities(
    monkeypatch: pytest.MonkeyPatch, value: str, tls: Tls | None
) -> None:
    monkeypatch.setenv("CELLBLOCK_TLS", value)
    assert connection(None, None, None).tls == tls


def test_invalid_tls_switch_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLBLOCK_TLS", "perhaps")
    with pytest.raises(InvalidArgumentError, match="CELLBLOCK_TLS: must be true or false"):
        Client()


def test_repr_does_not_show_the_key() -> None:
    assert KEY not in repr(connection("unix:/x", KEY, None))


def test_missing_certificate_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Client("localhost:1", tls=Tls(tmp_path / "absent.pem"))
