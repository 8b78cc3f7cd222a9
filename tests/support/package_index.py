"""A package index on this machine (PEP 503), with packages made by the test."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


def wheel(name: str, version: str, modules: dict[str, bytes], tag: str = "py3-none-any") -> bytes:
    """Return a wheel (PEP 427) with these modules."""
    info = f"{name}-{version}.dist-info"
    files = {
        **modules,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nTag: {tag}\n".encode(),
        f"{info}/RECORD": b"",
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return made.getvalue()


class Index(ThreadingHTTPServer):
    """Serves one package, and records its requests."""

    daemon_threads = True

    def __init__(self, name: str, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), IndexCalls)
        self.package = name
        self.file = f"{name}-1.0-py3-none-any.whl"
        self.content = content
        self.asked: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class IndexCalls(BaseHTTPRequestHandler):
    server: Index

    def do_GET(self) -> None:
        index = self.server
        index.asked.append(self.path)
        digest = hashlib.sha256(index.content).hexdigest()
        pages = {
            f"/simple/{index.package}/": (
                f'<a href="/files/{index.file}#sha256={digest}">{index.file}</a>'
            ).encode(),
            f"/files/{index.file}": index.content,
        }
        body = pages.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_arguments: object) -> None:
        """Discard the log line."""


@contextmanager
def package_index(name: str, content: bytes) -> Iterator[Index]:
    """Serve one package for the length of the block."""
    with Index(name, content) as index:
        thread = Thread(target=index.serve_forever)
        thread.start()
        try:
            yield index
        finally:
            index.shutdown()
            thread.join()
