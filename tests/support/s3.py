"""A server that speaks S3's protocol over HTTP (moto's), as a process, with one bucket."""

import http.client
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from obstore.store import S3Store as Client

from tests.support.locks import ROOT

PROGRAM = ROOT / ".venv-moto" / "bin" / "moto_server"
LISTENING = re.compile(r"Running on http://127\.0\.0\.1:(\d+)")
BUCKET = "cellblock"
KEY_ID, SECRET = "AKIATESTS", "the-secret-of-tests"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}
OF_US_EAST_1 = f"AWS4-HMAC-SHA256 Credential={KEY_ID}/20260101/us-east-1/s3/aws4_request"


@dataclass(frozen=True)
class S3Server:
    """Address and keys of the S3 server."""

    port: int

    def url(self, prefix: str, port: int = 0) -> str:
        """Return `blobs.url` for a prefix; with the port of a relay if one is in front."""
        return f"s3://{BUCKET}/{prefix}?endpoint=http://127.0.0.1:{port or self.port}"

    def client(self, prefix: str = "") -> Client:
        """Return a client that reads and changes the bucket outside Cellblock."""
        return Client(
            BUCKET,
            prefix=prefix or None,
            endpoint=f"http://127.0.0.1:{self.port}",
            access_key_id=KEY_ID,
            secret_access_key=SECRET,
            client_options={"allow_http": True},
            disable_bulk_delete=True,
        )

    def keys(self, prefix: str) -> list[str]:
        """Return all keys below a prefix, without the prefix."""
        return sorted(
            found["path"] for page in self.client(prefix).list(chunk_size=1000) for found in page
        )


@contextmanager
def s3_server(folder: Path, **environment: str) -> Iterator[S3Server]:
    """Start a server for one test; it keeps everything in memory."""
    if not PROGRAM.exists():
        raise FileNotFoundError(f"{PROGRAM} is not there: run `make setup`")
    log = folder / "moto.log"
    with log.open("w") as writing:
        process = subprocess.Popen(
            [PROGRAM, "--host", "127.0.0.1", "--port", "0"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": "/usr/bin:/bin", **environment},
        )
        try:
            assert process.stderr is not None
            for line in process.stderr:
                writing.write(line)
                if found := LISTENING.search(line):
                    break
            else:
                raise AssertionError(log.read_text())
            # It writes a line for each request: without a reader the pipe would fill.
            drain = subprocess.Popen(["/bin/cat"], stdin=process.stderr, stdout=writing)
            _make_bucket(int(found[1]))
            yield S3Server(int(found[1]))
        finally:
            process.terminate()
            process.wait(10)
            drain.wait(10)


def _make_bucket(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.request("PUT", f"/{BUCKET}", headers={"Authorization": OF_US_EAST_1})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
    finally:
        connection.close()
