"""HTTPS, with the same files as gRPC's listener, which may change while the server runs."""

import ssl

import structlog

from cellblock_server.rpc.tls import TlsError, TlsFiles

log = structlog.get_logger(__name__)


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """Return a TLS context. Changed files are used from the next connection on. Raises TlsError."""
    return _Renewal(files).context


class _Renewal:
    """Checks the files with each connection, as gRPC's listener does."""

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._seen = files.stamp()
        files.read()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._load()
        if files.client_ca is not None:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(files.client_ca)
        self.context.sni_callback = self._reload_if_changed

    def _reload_if_changed(
        self, _socket: object, _name: str | None, _context: ssl.SSLContext
    ) -> None:
        try:
            stamp = self._files.stamp()
            if stamp == self._seen:
                return
            self._files.read()
            self._load()
        except (TlsError, OSError) as error:
            log.warning("tls_files_not_usable", problem=str(error))
            return
        self._seen = stamp

    def _load(self) -> None:
        self.context.load_cert_chain(self._files.certificate, self._files.key)
