"""The audit script: known vulnerabilities of locked packages, and failed look-ups.

pip-audit is the real one. The service is a fake that speaks OSV's protocol, because the real one
isn't reachable from everywhere and its results change daily.
"""

import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parent.parent.parent / "scripts" / "audit.py"
HOLE = {
    "id": "GHSA-xxxx-yyyy-zzzz",
    "modified": "2026-01-01T00:00:00Z",
    "summary": "A hole.",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "holey"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
        }
    ],
}


class Osv(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps({"vulns": [HOLE]} if asked["package"]["name"] == "holey" else {})
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        pass


@pytest.fixture
def service() -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), Osv) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()
        thread.join()


@pytest.fixture
def locks(tmp_path: Path) -> list[Path]:
    return [lock(tmp_path, "one", "sound", "holey"), lock(tmp_path, "two", "sound")]


def lock(folder: Path, name: str, *packages: str) -> Path:
    path = folder / f"{name}.txt"
    path.write_text(
        "".join(f"{package}==1.0 \\\n    --hash=sha256:{'0' * 64}\n" for package in packages)
    )
    return path


def audit(tmp_path: Path, service: str, *locks: Path) -> tuple[list[str], dict[str, Any]]:
    """Run the script, which never fails; return its output lines and its report."""
    file = tmp_path / "folder" / "report.json"
    done = subprocess.run(
        [sys.executable, SCRIPT, f"--osv-url={service}", f"--output={file}", *locks],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines(), json.loads(file.read_text())


def test_vulnerability_is_reported_with_its_lock(
    tmp_path: Path, service: str, locks: list[Path]
) -> None:
    said, report = audit(tmp_path, service, *locks)
    assert said[0] == "→ audit: locked packages looked up: 2, known vulnerabilities: 1"
    assert said[1] == "  holey 1.0: GHSA-xxxx-yyyy-zzzz, fixed in 1.1; in one.txt"
    (found,) = report["vulnerabilities"]
    assert (found["package"], found["locks"], found["fixed_in"]) == ("holey", ["one.txt"], ["1.1"])


def test_clean_result_is_reported(tmp_path: Path, service: str, locks: list[Path]) -> None:
    said, report = audit(tmp_path, service, locks[1])
    assert said[0] == "→ audit: locked packages looked up: 1, known vulnerabilities: none"
    assert (report["looked_up"], report["vulnerabilities"]) == (1, [])


def test_unreachable_service_is_not_a_clean_result(tmp_path: Path, locks: list[Path]) -> None:
    said, report = audit(tmp_path, "http://127.0.0.1:1/v1/query", *locks)
    assert said[0].startswith("→ audit: NOT DONE, nothing is known: http://127.0.0.1:1/v1/query: ")
    assert "Connection refused" in report["failure"]
    assert report["looked_up"] == 0


def test_unreadable_lock_is_not_a_clean_result(
    tmp_path: Path, service: str, locks: list[Path]
) -> None:
    broken = lock(tmp_path, "broken", "sound")
    broken.write_text("sound\n")
    said, report = audit(tmp_path, service, broken)
    assert said[0].startswith("→ audit: NOT DONE, nothing is known: ")
    assert report["failure"] != ""
