"""Checks of access to the server: its address, its certificate, and whether a server responds."""

import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
from cryptography import x509
from grpc_health.v1 import health_pb2, health_pb2_grpc

from cellblock_server.assembly import parts
from cellblock_server.config import Settings
from cellblock_server.ops.doctor.finding import Findings, ok, problem, warning
from cellblock_server.rpc.health import ALIVE, NEEDS_ALL, SERVING_NOW
from cellblock_server.rpc.tls import TlsError, TlsFiles

SOON = timedelta(days=14)
OTHERS = 0o077
SECONDS = 5.0


def access_findings(settings: Settings) -> Findings:
    """Check the address, TLS, keys and a running server."""
    files = parts.tls_files(settings)
    if files is not None:
        yield from _tls(files)
    elif settings.server.only_local:
        yield ok("tls", "none: only this machine can reach the server")
    yield from _server(settings)


def _tls(files: TlsFiles) -> Findings:
    try:
        files.read()
    except TlsError as error:
        yield problem("tls", str(error), "fix server.tls_…")
        return
    if files.key.stat().st_mode & OTHERS:
        yield warning("tls", f"{files.key} can be read by others", f"chmod 600 {files.key}")
    for path in (files.certificate, *([files.client_ca] if files.client_ca else [])):
        yield from _validity(path)


def _validity(path: Path) -> Findings:
    now = datetime.now(UTC)
    for certificate in x509.load_pem_x509_certificates(path.read_bytes()):
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if not begin <= now < end:
            yield problem(
                "tls", f"{path} is valid from {begin:%Y-%m-%d} to {end:%Y-%m-%d}", "renew it"
            )
        elif end - now < SOON:
            yield warning("tls", f"{path} expires in {(end - now).days} days", "renew it")
        else:
            yield ok("tls", f"{path} is valid until {end:%Y-%m-%d}")


def _server(settings: Settings) -> Findings:
    address = settings.server.listen
    if settings.server.health_socket and Path(settings.server.health_socket).exists():
        yield from _health(f"unix:{settings.server.health_socket}")
    elif not _answers(address):
        yield warning(
            "server", f"no server is listening at {address}", "start one: cellblock serve"
        )
    elif settings.server.tls_certificate:
        yield ok("server", f"a server accepts connections at {address}")
    else:
        yield from _health(address)


def _answers(address: str) -> bool:
    if address.startswith("unix:"):
        path = address.removeprefix("unix:")
        if not os.path.exists(path):  # noqa: PTH110 - a socket's path, as text
            return False
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(SECONDS)
            return probe.connect_ex(path) == 0
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), SECONDS):
            return True
    except OSError:
        return False


def _health(address: str) -> Findings:
    try:
        alive, ready = (_serves(address, service) for service in (ALIVE, NEEDS_ALL[0]))
    except grpc.RpcError as error:
        yield problem(
            "server",
            f"the server at {address} has no health service: {error.code().name}",
            "check which program listens there",
        )
        return
    if alive and ready:
        yield ok("server", f"the server at {address} is ready")
    else:
        yield problem(
            "server",
            f"the server at {address} is alive, but not ready",
            "its log says `not_ready` and why; so does cellblock top",
        )


def _serves(address: str, service: str) -> bool:
    with grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service=service)
        return bool(stub.Check(request, timeout=SECONDS).status == SERVING_NOW)
