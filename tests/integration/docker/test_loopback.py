"""Code reaches its own servers by name, and sees none of the host's names."""

import pytest

from cellblock_client.client import Session

ANSWER = """
import http.server, socket, threading, urllib.request

class Server(http.server.ThreadingHTTPServer):
    address_family = socket.{family}

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"it answers")
    def log_message(self, *_): pass

with Server(("{address}", 0), Handler) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(urllib.request.urlopen(f"http://{name}:{{server.server_port}}/").read().decode())
    server.shutdown()
"""


@pytest.mark.core
@pytest.mark.parametrize(
    ("family", "address", "name"),
    [
        ("AF_INET", "127.0.0.1", "localhost"),
        ("AF_INET6", "::1", "ip6-localhost"),
        ("AF_INET", "127.0.0.1", "sandbox"),
        ("AF_INET6", "::1", "[::1]"),
    ],
)
def test_code_reaches_its_own_server(
    shared_session: Session, family: str, address: str, name: str
) -> None:
    shown = shared_session.run(ANSWER.format(family=family, address=address, name=name))
    assert shown.stdout.strip() == "it answers"


def test_the_hosts_name_servers_are_not_shown(shared_session: Session) -> None:
    shown = shared_session.run("print(open('/etc/resolv.conf').read() + open('/etc/hosts').read())")
    assert shown.stdout.split() == [
        *("127.0.0.1", "localhost", "sandbox"),
        *("::1", "localhost", "ip6-localhost", "ip6-loopback"),
    ]


def test_a_name_outside_fails_immediately(shared_session: Session) -> None:
    code = """
import socket, time
start = time.monotonic()
try:
    socket.getaddrinfo("example.com", 80)
except socket.gaierror as error:
    print(type(error).__name__, time.monotonic() - start < 5)
"""
    assert shared_session.run(code).stdout.split() == ["gaierror", "True"]
