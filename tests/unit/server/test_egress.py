"""Settings for egress, and the squid configuration made from them."""

from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from cellblock_server.common.errors import WrongStateError
from cellblock_server.config.host_rules import Rule, parse_network, parse_rule
from cellblock_server.config.sandboxes import Egress, Sandbox
from cellblock_server.egress import proxy
from cellblock_server.egress.private import PRIVATE_IPV4, PRIVATE_IPV6, private_but
from cellblock_server.egress.proxy import Proxy
from cellblock_server.egress.squid_config import Allowed, squid_config


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("pypi.org:443", Rule("pypi.org", is_suffix=False, port=443)),
        ("PyPI.org:80", Rule("pypi.org", is_suffix=False, port=80)),
        ("localhost:8080", Rule("localhost", is_suffix=False, port=8080)),
        ("*.example.org:443", Rule("example.org", is_suffix=True, port=443)),
    ],
)
def test_rules_are_parsed(text: str, rule: Rule) -> None:
    assert parse_rule(text) == rule


@pytest.mark.parametrize(
    "text",
    [
        *("pypi.org", "pypi.org:", ":443", "pypi.org:0", "pypi.org:65536", "*:443", "a.*.org:443"),
        *("10.0.0.1:443", "[::1]:443", "http://pypi.org:443", "a b:1", "pypi.org.:443"),
        *("a\nhttp_access allow all:1", "x" * 64 + ".org:443"),
    ],
)
def test_invalid_rule_names_the_key(text: str) -> None:
    with pytest.raises(ValueError, match="allow: "):
        Egress(allow=[text])


def test_networks_and_dns_servers_are_addresses() -> None:
    assert parse_network("10.1.2.3") == "10.1.2.3/32"
    with pytest.raises(ValueError, match="private_networks: "):
        Egress(private_networks=["mirror.corp"])
    with pytest.raises(ValueError, match="dns_servers: "):
        Egress(dns_servers=["dns.corp"])


def test_local_backend_has_no_egress() -> None:
    with pytest.raises(ValueError, match="for the docker backend only"):
        Sandbox(backend="local", network="proxy")


def test_networks_of_a_list_do_not_overlap() -> None:
    """squid would ignore the larger one."""
    for networks in (PRIVATE_IPV4, PRIVATE_IPV6):
        parsed = [ip_network(network) for network in networks]
        assert not any(
            one.overlaps(other) for place, one in enumerate(parsed) for other in parsed[place + 1 :]
        )


def test_named_addresses_are_removed_from_the_private_networks() -> None:
    four, six = private_but(["10.1.0.0/16", "fd00:1::/64", "8.8.8.8"])
    for address, refused in (
        *(("10.1.2.3", False), ("10.2.0.1", True), ("10.0.255.255", True), ("127.0.0.1", True)),
        *(("fd00:1::1", False), ("fd00:2::1", True), ("::1", True), ("2606:4700::1", False)),
    ):
        networks = map(ip_network, four + six)
        assert any(ip_address(address) in network for network in networks) is refused, address


def test_names_are_checked_before_addresses_and_the_rest_is_denied() -> None:
    allowed = Allowed((parse_rule("*.a-b.org:443"),), ("10.1.0.0/16",), ("10.0.0.53",))
    lines = squid_config(allowed, 4000, 60, "proxy").splitlines()
    access = [line for line in lines if line.startswith("http_access")]
    assert access == [
        "http_access deny !sessions",
        "http_access allow host0 port0 !private4 !private6",
        "http_access deny all",
    ]
    assert r"acl host0 dstdom_regex -n -i ^([^.]+\.)+a\-b\.org$" in lines
    assert "http_port 127.0.0.1:4000" in lines


async def test_start_without_squid_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(proxy, "PLACES", str(tmp_path))
    with pytest.raises(WrongStateError, match="needs squid") as caught:
        await Proxy(tmp_path / "egress", Allowed((), (), ()), 60, print).start()
    assert caught.value.reason == "EGRESS_UNAVAILABLE"
