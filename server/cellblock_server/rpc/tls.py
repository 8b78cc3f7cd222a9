"""TLS on the listener, with files that may change while it runs."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc
import structlog

log = structlog.get_logger(__name__)

Stamp = tuple[tuple[int, int, int], ...]
"""Inode, size and modification time of each file. A renewed file differs in one of them."""


class TlsError(Exception):
    """The files can't be used by a listener."""


@dataclass(frozen=True)
class TlsFiles:
    """PEM files."""

    certificate: Path
    """Certificate of the server, followed by the intermediate certificates."""
    key: Path
    client_ca: Path | None
    """CA certificates that callers' certificates are verified with; None if callers need none."""

    def stamp(self) -> Stamp:
        """Return a value that changes when the files do. Raises OSError."""
        found = [path.stat() for path in self._all()]
        return tuple((item.st_ino, item.st_size, item.st_mtime_ns) for item in found)

    def read(self) -> grpc.ServerCertificateConfiguration:
        """Return the files, checked: gRPC accepts invalid ones, and then refuses every caller.

        Raises TlsError that names the file and what is wrong with it.
        """
        self._check()
        try:
            pair = (self.key.read_bytes(), self.certificate.read_bytes())
            authority = None if self.client_ca is None else self.client_ca.read_bytes()
        except OSError as error:
            raise TlsError(f"{error.filename}: {error.strerror}") from error
        return grpc.ssl_server_certificate_configuration([pair], authority)

    def _check(self) -> None:
        for path in self._all():
            try:
                path.open("rb").close()
            except OSError as error:
                raise TlsError(f"{path}: {error.strerror}") from error
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            # No password: a service has no terminal to ask for one.
            context.load_cert_chain(self.certificate, self.key, password=_no_password)
        except (ssl.SSLError, ValueError) as error:
            raise TlsError(
                f"{self.certificate} and {self.key}: are not a certificate and its key: {error}"
            ) from error
        if self.client_ca is not None:
            try:
                context.load_verify_locations(self.client_ca)
            except ssl.SSLError as error:
                raise TlsError(f"{self.client_ca}: has no certificate: {error}") from error

    def _all(self) -> tuple[Path, ...]:
        return tuple(path for path in (self.certificate, self.key, self.client_ca) if path)


def server_credentials(files: TlsFiles) -> grpc.ServerCredentials:
    """Return credentials that check the files with each connection.

    Changed files are used from the next connection on; open connections stay as they are. While
    changed files are invalid, the previous ones are used, and the log says why. Raises TlsError if
    they are invalid at the start.
    """
    renewal = _Renewal(files)
    return grpc.dynamic_ssl_server_credentials(
        renewal.first,
        renewal.changed,  # type: ignore[arg-type] # None is what gRPC documents for no change
        require_client_authentication=files.client_ca is not None,
    )


class _Renewal:
    """Remembers which files are in use. gRPC calls it from a thread of its own, sequentially."""

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._seen = self._checked_stamp()
        self.first = files.read()

    def changed(self) -> grpc.ServerCertificateConfiguration | None:
        """Return the files if they have changed since they were read; None if not."""
        try:
            stamp = self._checked_stamp()
            if stamp == self._seen:
                return None
            fresh = self._files.read()
        except TlsError as error:
            log.warning("tls_files_not_usable", problem=str(error))
            return None
        self._seen = stamp
        log.info("tls_files_renewed", certificate=str(self._files.certificate))
        return fresh

    def _checked_stamp(self) -> Stamp:
        try:
            return self._files.stamp()
        except OSError as error:
            raise TlsError(f"{error.filename}: {error.strerror}") from error


def _no_password() -> str:
    raise ValueError("the key must not require a password")
