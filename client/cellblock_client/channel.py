"""Connection to a server: its address, the API key, and TLS."""

import ipaddress
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import grpc.experimental

from cellblock.v1 import (
    admin_pb2_grpc,
    execution_pb2_grpc,
    file_pb2_grpc,
    run_step_pb2_grpc,
    session_pb2_grpc,
)
from cellblock_client.errors import InvalidArgumentError
from cellblock_client.tracing import Metadata

ADDRESS_VARIABLE = "CELLBLOCK_ADDRESS"
KEY_VARIABLE = "CELLBLOCK_API_KEY"
TLS_VARIABLE = "CELLBLOCK_TLS"
CA_VARIABLE = "CELLBLOCK_TLS_CA"
CERTIFICATE_VARIABLE = "CELLBLOCK_TLS_CERTIFICATE"
TLS_KEY_VARIABLE = "CELLBLOCK_TLS_KEY"
DEFAULT_ADDRESS = "127.0.0.1:7711"
MAX_MESSAGE_BYTES = 64 * 2**20
MAX_CONNECTIONS = 50
"""Maximum number of connections of one client with very many concurrent calls."""
SWITCH = {"": False, "0": False, "false": False, "1": True, "true": True}

OPTIONS: list[tuple[str, int | str]] = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    # Detect a server that vanished, even while code runs without output.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # Reconnect quickly to a local server that restarts.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # A server limits the concurrent calls of one connection (server.max_calls_per_connection): for
    # more, gRPC opens others.
    (
        "grpc.service_config",
        json.dumps({"connectionScaling": {"maxConnectionsPerSubchannel": MAX_CONNECTIONS}}),
    ),
    ("grpc.max_connections_per_subchannel_cap", MAX_CONNECTIONS),
]
SAME_THREAD = [(grpc.experimental.ChannelOptions.SingleThreadedUnaryStream, 1)]
"""Option by which the thread that asks for events also reads them.

The other thread that gRPC would use takes a quarter of a call's time on one machine
(docs/project/performance-details.md).
"""


@dataclass(frozen=True)
class Tls:
    """TLS settings for the connection to the server. Paths name PEM files."""

    ca: str | Path | None = None
    """CA certificate used to verify the server; None for gRPC's built-in authorities."""
    certificate: str | Path | None = None
    """Client certificate, if the server requires one (mutual TLS)."""
    key: str | Path | None = None
    """Private key of the client certificate."""

    def credentials(self) -> grpc.ChannelCredentials:
        """Return credentials for a channel.

        Raises OSError if a file can't be read, and InvalidArgumentError if only one of certificate
        and key is set.
        """
        if (self.certificate is None) != (self.key is None):
            raise InvalidArgumentError(
                "tls: a certificate needs its key, and a key its certificate",
                field="tls",
                problem="has one of certificate and key, and not the other",
            )
        return grpc.ssl_channel_credentials(
            *(None if path is None else Path(path).read_bytes() for path in self._files())
        )

    def _files(self) -> tuple[str | Path | None, ...]:
        """Return the paths in the order of gRPC's parameters."""
        return self.ca, self.key, self.certificate


@dataclass(frozen=True)
class Connection:
    """Address of a server, with the API key and the TLS settings to use."""

    address: str
    api_key: str = field(default="", repr=False)
    """API key; empty for none."""
    tls: Tls | None = None

    def __post_init__(self) -> None:
        """Raise InvalidArgumentError for a key that would cross a network in clear."""
        if self.api_key and self.tls is None and not is_local(self.address):
            raise InvalidArgumentError(
                f"tls: {self.address!r} is not this machine, and a key is never sent over a "
                "network without TLS: pass tls=, or set CELLBLOCK_TLS_CA or CELLBLOCK_TLS",
                field="tls",
                problem="is needed to send a key to another machine",
            )

    @property
    def metadata(self) -> Metadata:
        """Metadata of each call."""
        return (("authorization", f"Bearer {self.api_key}"),) if self.api_key else ()

    @property
    def options(self) -> list[tuple[str, int | str]]:
        """Options of gRPC for the channel."""
        # A proxy named by the environment would be another machine, and could read everything.
        return OPTIONS if self.tls is not None else [*OPTIONS, ("grpc.enable_http_proxy", 0)]

    def channel(self) -> grpc.Channel:
        """Return a channel for synchronous code."""
        options = [*self.options, *SAME_THREAD]
        if self.tls is None:
            return grpc.insecure_channel(self.address, options=options)
        return grpc.secure_channel(self.address, self.tls.credentials(), options=options)

    def aio_channel(self) -> grpc.aio.Channel:
        """Return a channel for asyncio."""
        if self.tls is None:
            return grpc.aio.insecure_channel(self.address, options=self.options)
        credentials = self.tls.credentials()
        return grpc.aio.secure_channel(self.address, credentials, options=self.options)


class Stubs:
    """Stubs of all services on one channel."""

    def __init__(self, channel: grpc.Channel | grpc.aio.Channel, metadata: Metadata) -> None:
        """Send `metadata` with each call."""
        self._metadata = metadata
        self._stubs: dict[str, Any] = {
            "session": session_pb2_grpc.SessionServiceStub(channel),
            "execution": execution_pb2_grpc.ExecutionServiceStub(channel),
            "file": file_pb2_grpc.FileServiceStub(channel),
            "admin": admin_pb2_grpc.AdminServiceStub(channel),
            "run_step": run_step_pb2_grpc.RunStepServiceStub(channel),
        }

    def begin(
        self, service: str, method: str, request: object, timeout: float | None, traced: Metadata
    ) -> Any:  # noqa: ANN401 - gRPC's calls have no public type
        """Begin a call and return what gRPC returns: a response, a call to await, or a stream."""
        call = getattr(self._stubs[service], method)
        return call(request, timeout=timeout, metadata=self._metadata + traced)


def connection(address: str | None, api_key: str | None, tls: Tls | bool | None) -> Connection:
    """Return the connection for the arguments, the environment variables or the defaults.

    An empty `api_key` means none. `tls` may be True, for gRPC's built-in authorities, or False.
    """
    if api_key is None:
        api_key = os.environ.get(KEY_VARIABLE, "")
    if tls is None:
        tls = _tls_of_environment()
    elif isinstance(tls, bool):
        tls = Tls() if tls else None
    return Connection(address_of(address), api_key.strip(), tls)


def address_of(given: str | None) -> str:
    """Return the address to call: the one given, `CELLBLOCK_ADDRESS`, or the default."""
    return given or os.environ.get(ADDRESS_VARIABLE) or DEFAULT_ADDRESS


def is_local(address: str) -> bool:
    """Return whether an address is certainly on this machine."""
    if address.startswith("unix:"):
        return True
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _tls_of_environment() -> Tls | None:
    switch = os.environ.get(TLS_VARIABLE, "")
    if switch.lower() not in SWITCH:
        raise InvalidArgumentError(
            f"{TLS_VARIABLE}: must be true or false, got {switch!r}",
            field=TLS_VARIABLE,
            problem="must be true or false",
        )
    tls = Tls(
        ca=os.environ.get(CA_VARIABLE) or None,
        certificate=os.environ.get(CERTIFICATE_VARIABLE) or None,
        key=os.environ.get(TLS_KEY_VARIABLE) or None,
    )
    return tls if SWITCH[switch.lower()] or tls != Tls() else None
