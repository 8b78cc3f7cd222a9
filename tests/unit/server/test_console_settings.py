"""The console is off, and its server's own machine's, unless all is set that others need."""

import pytest

from cellblock_server.assembly import parts
from cellblock_server.config import ConfigurationError, Settings, load
from cellblock_server.config.origins import Values

OTHERS: Values = {
    "console": {"listen": "0.0.0.0:7780", "hosts": ["console.example.org"]},
    "auth": {"required": True},
    "server": {"tls_certificate": "/c", "tls_key": "/k"},
}


def test_there_is_none_by_default() -> None:
    assert not Settings().console.listen


@pytest.mark.parametrize("address", ["127.0.0.1:7780", "localhost:0", "[::1]:7780"])
def test_this_machine_needs_nothing_more(address: str) -> None:
    settings = load(None, {"console": {"listen": address}})
    assert settings.console.only_local
    access = parts.console_access(settings)
    assert access.hosts == {"localhost", "127.0.0.1", "::1"}
    assert access.scheme == "http"


@pytest.mark.parametrize(
    ("without", "named"),
    [
        ({"auth": {"required": False}}, r"auth\.required = true"),
        ({"server": {}}, r"server\.tls_certificate, server\.tls_key"),
        ({"console": {"listen": "0.0.0.0:7780"}}, r"console\.hosts"),
    ],
)
def test_others_need_keys_tls_and_a_name(without: Values, named: str) -> None:
    assert not load(None, OTHERS).console.only_local
    with pytest.raises(ConfigurationError, match=rf"console\.listen: .*loopback.*{named}$"):
        load(None, OTHERS | without)


def test_others_call_it_by_its_name_only() -> None:
    access = parts.console_access(load(None, OTHERS))
    assert access.hosts == {"0.0.0.0", "console.example.org"}
    assert access.scheme == "https"


@pytest.mark.parametrize("address", ["7780", "host", "host:port", "127.0.0.1:99999"])
def test_an_address_has_a_host_and_a_port(address: str) -> None:
    with pytest.raises(ConfigurationError, match="must be host:port"):
        load(None, {"console": {"listen": address}})


def test_an_error_names_its_flag() -> None:
    with pytest.raises(ConfigurationError, match=r"^--console: console\.listen: must be host:port"):
        load(None, {"console": {"listen": "7780"}})
