"""Settings for telemetry: metrics are public only if the operator allows it."""

import pytest

from cellblock_server.config import ConfigurationError, Settings, load


def telemetry(**values: object) -> Settings:
    return load(None, {"telemetry": values})


def test_metrics_are_off_by_default() -> None:
    assert not Settings().telemetry.metrics_listen


@pytest.mark.parametrize("address", ["127.0.0.1:9464", "localhost:0", "[::1]:9464"])
def test_metrics_may_listen_on_loopback(address: str) -> None:
    assert telemetry(metrics_listen=address).telemetry.metrics_listen == address


@pytest.mark.parametrize("address", ["0.0.0.0:9464", "10.0.0.1:9464", "[::]:9464", "host:9464"])
def test_metrics_on_other_addresses_need_metrics_public(address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"telemetry\.metrics_listen: .*metrics_public"):
        telemetry(metrics_listen=address)
    assert telemetry(metrics_listen=address, metrics_public=True).telemetry.metrics_public


@pytest.mark.parametrize("address", ["9464", "host", "host:port", "127.0.0.1:99999"])
def test_metrics_address_must_have_a_host_and_a_port(address: str) -> None:
    with pytest.raises(ConfigurationError, match="must be host:port"):
        telemetry(metrics_listen=address)


@pytest.mark.parametrize("endpoint", ["host:4317", "ftp://host:4317", "http://host:4317/path"])
def test_trace_endpoint_must_be_an_address(endpoint: str) -> None:
    with pytest.raises(ConfigurationError, match=r"telemetry\.otlp_endpoint"):
        telemetry(otlp_endpoint=endpoint)
