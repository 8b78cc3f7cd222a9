"""Requests that the web console accepts, from which pages and users, and their bounds."""

import http.client
import json
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

import pytest

from cellblock.v1.session_pb2 import ListSessionsRequest
from cellblock.v1.session_pb2_grpc import SessionServiceStub
from cellblock_client import Client, Role
from cellblock_client.client import Session
from cellblock_server.rpc.inside import PEER_HEADER
from tests.security.callers import Guarded, guarded, key_id
from tests.support.callers import metadata_of
from tests.support.server import ServerProcess

SECONDS = 20
CONSOLE = {"CELLBLOCK_CONSOLE__LISTEN": "127.0.0.1:0"}
JSON = "application/json"
LIST = "/api/call/ListSessions"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json_body(self) -> Any:
        return json.loads(self.body)


@dataclass
class Browser:
    """Sends requests as a browser does that has the console's page open; `headers` make others."""

    address: str
    headers: dict[str, str | None] = field(default_factory=dict)
    cookie: str = ""

    @property
    def own(self) -> str:
        return f"http://{self.address}"

    def send(
        self, method: str, path: str, body: bytes | None = None, **headers: str | None
    ) -> Answer:
        usual = {
            "Host": self.address,
            "Origin": None if method == "GET" else self.own,
            "Sec-Fetch-Site": "same-origin",
            "Content-Type": JSON if body is not None else None,
            "Cookie": self.cookie or None,
        }
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection(self.address, timeout=SECONDS)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in {**usual, **self.headers, **given}.items():
                if value is not None:
                    connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            got = connection.getresponse()
            found = {name.lower(): value for name, value in got.getheaders()}
            return Answer(got.status, found, got.read())
        finally:
            connection.close()

    def post(self, path: str, json_body: object = None, **headers: str | None) -> Answer:
        return self.send("POST", path, json.dumps(json_body or {}).encode(), **headers)

    def log_in(self, secret: str) -> Answer:
        answer = self.post("/api/login", {"secret": secret})
        self.cookie = answer.headers.get("set-cookie", "").partition(";")[0]
        return answer


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that requires no keys."""
    server = ServerProcess(
        tmp_path_factory.mktemp("open"), {**CONSOLE, "CELLBLOCK_SANDBOX__BACKEND": "local"}
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A server that requires keys."""
    with guarded(tmp_path_factory.mktemp("guarded"), **CONSOLE) as at:
        yield at


@pytest.fixture
def browser(open_server: ServerProcess) -> Browser:
    """A browser logged in by the address that the server printed."""
    browser = stranger_at(open_server)
    assert browser.log_in(token_of(open_server)).status == 200
    return browser


@pytest.fixture
def session(open_server: ServerProcess) -> Iterator[Session]:
    with Client(open_server.address) as client, client.sessions.create() as session:
        yield session


def stranger_at(server: ServerProcess) -> Browser:
    return Browser(urlsplit(server.console).netloc)


def token_of(server: ServerProcess) -> str:
    """Return the token in the address that the server printed."""
    return urlsplit(server.console).fragment.removeprefix("token=")


UNKNOWN_KEY = f"cb_key_{'A' * 24}_{'B' * 43}"


def test_the_printed_address_gives_full_access(browser: Browser) -> None:
    assert browser.post(LIST).status == 200
    assert browser.send("GET", "/api/login").json_body["loggedIn"]


def test_without_a_login_nothing_is_revealed(open_server: ServerProcess) -> None:
    stranger = stranger_at(open_server)
    for method, path in (
        ("POST", LIST),
        ("POST", "/api/sessions/sess_x/execute"),
        ("GET", "/api/sessions/sess_x/log"),
        ("GET", "/api/sessions/sess_x/file?path=x"),
        ("PUT", "/api/sessions/sess_x/file?path=x"),
        ("GET", "/api/files/file-x"),
        ("GET", "/frame/call_x/1"),
    ):
        body = b"{}" if method != "GET" else None
        answer = stranger.send(method, path, body)
        assert (answer.status, answer.json_body["reason"]) == (401, "LOGIN_NEEDED"), path


@pytest.mark.parametrize("secret", ["", "x", "ü", "cb_x", UNKNOWN_KEY, None, 1])
def test_a_wrong_secret_does_not_log_in(open_server: ServerProcess, secret: Any) -> None:
    answer = stranger_at(open_server).log_in(secret)
    assert answer.status == 401
    assert "set-cookie" not in answer.headers


def test_a_cookie_is_for_this_page_only(open_server: ServerProcess) -> None:
    token = token_of(open_server)
    answer = stranger_at(open_server).log_in(token)
    attributes = answer.headers["set-cookie"].split("; ")[1:]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(attributes)
    assert token not in answer.headers["set-cookie"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_a_rebound_host_name_is_refused(browser: Browser, host: str) -> None:
    for path in ("/", "/api/login", "/static/style.css"):
        answer = browser.send("GET", path, Host=host)
        assert (answer.status, answer.json_body["reason"]) == (403, "HOST_NOT_ALLOWED")


def test_a_tunnel_has_another_port(browser: Browser) -> None:
    tunnel = {"Host": "localhost:9999", "Origin": "http://localhost:9999"}
    assert browser.post(LIST, **tunnel).status == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1", None, ""]
)
def test_another_pages_request_is_refused(browser: Browser, origin: str | None) -> None:
    answer = browser.post(LIST, Origin=origin)
    assert (answer.status, answer.json_body["reason"]) == (403, "ORIGIN_NOT_ALLOWED")


@pytest.mark.parametrize("site", ["same-site", "cross-site"])
def test_another_page_embeds_nothing(browser: Browser, site: str) -> None:
    for path in ("/api/files/file-x", "/frame/call_x/1", "/api/login"):
        answer = browser.send("GET", path, Sec_Fetch_Site=site)
        assert (answer.status, answer.json_body["reason"]) == (403, "ORIGIN_NOT_ALLOWED")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
def test_a_form_submission_is_refused(browser: Browser, kind: str | None) -> None:
    answer = browser.post(LIST, Content_Type=kind)
    assert (answer.status, answer.json_body["reason"]) == (415, "TYPE_NOT_ALLOWED")
    answer = browser.send(
        "PUT", "/api/sessions/sess_x/file?path=x", b"x", Content_Type="multipart/form-data"
    )
    assert (answer.status, answer.json_body["reason"]) == (415, "TYPE_NOT_ALLOWED")


@pytest.mark.parametrize("path", ["/", "/static/js/main.js", LIST, "/api/files/file-x", "/nothing"])
def test_every_answer_has_the_security_headers(browser: Browser, path: str) -> None:
    headers = browser.send("GET", path).headers
    policy = headers["content-security-policy"]
    for part in (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
    ):
        assert part in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "path", ["/static/../main.py", "/static/%2e%2e/page.py", "/static//etc/hosts"]
)
def test_only_the_pages_own_files_are_served(browser: Browser, path: str) -> None:
    assert browser.send("GET", path).status == 404


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (LIST, b"{", 400),
        (LIST, b"[]", 400),
        (LIST, b'{"pageSize": "many"}', 400),
        (LIST, b'{"nothing": 1}', 400),
        (LIST, b'{"pageSize": 101}', 400),
        (LIST, b"[" * 100_000, 400),
        ("/api/call/CreateKey", b"{}", 404),
        ("/api/call/Execute", b"{}", 404),
        ("/api/call/GetSession", b'{"sessionId": "sess_none"}', 404),
        ("/api/sessions/sess_none/execute", b'{"code": "1"}', 404),
        ("/api/sessions/sess_none/execute", b'{"code": 1}', 400),
    ],
)
def test_a_bad_request_is_answered_with_its_reason(
    browser: Browser, path: str, body: bytes, status: int
) -> None:
    answer = browser.send("POST", path, body)
    assert answer.status == status
    assert answer.json_body["reason"]
    assert answer.json_body["message"]


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nCookie: SESAME=" + b"x" * 20_000,
        b"GET / HTTP/1.1\r\nCookie: SESAME=\x1b[2J",
        b"GET / HTTP/1.1\r\nSESAME",
        b"GET /" + b"SESAME" * 3000 + b" HTTP/1.1",
        b"SESAME / HTTP/9",
    ],
)
def test_a_malformed_request_is_not_echoed_or_logged(
    open_server: ServerProcess, head: bytes
) -> None:
    logged = open_server.log.stat().st_size
    host, port = urlsplit(open_server.console).netloc.split(":")
    with socket.create_connection((host, int(port)), SECONDS) as stranger:
        stranger.sendall(head + b"\r\n\r\n")
        answer = b""
        while piece := stranger.recv(65536):
            answer += piece
    assert b" 400 " in answer.partition(b"\r\n")[0]
    assert b"SESAME" not in answer
    line = open_server.log.read_bytes()[logged:].decode()
    assert json.loads(line)["event"] == "http_request_malformed"
    assert "SESAME" not in line


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (rb'{"secret": "\ud800"}', 400),
        (rb'{"secret": "cb_\ud800"}', 400),
        (rb'{"\ud800": 1}', 400),
        (rb'{"secret": "cb_a\nb"}', 401),
        (rb'{"secret": "cb_a\r\nauthorization: b"}', 401),
        (rb'{"secret": "cb_\u0000"}', 401),
        ('{"secret": "cb_ü"}'.encode(), 401),
        (b'{"secret": "cb_' + b"x" * 100_000 + b'"}', 401),
    ],
)
def test_a_key_that_can_not_be_sent_is_refused(
    open_server: ServerProcess, body: bytes, status: int
) -> None:
    logged = open_server.log.stat().st_size
    answer = stranger_at(open_server).send("POST", "/api/login", body)
    assert answer.status == status
    assert answer.json_body["reason"]
    assert "Traceback" not in open_server.log.read_text()[logged:]


@pytest.mark.parametrize("path", ["/api/files/%ED%A0%80", "/api/sessions/%ED%A0%80/file?path=x"])
def test_a_path_that_is_no_text_finds_nothing(browser: Browser, path: str) -> None:
    answer = browser.send("GET", path)
    assert answer.status in (400, 404)
    assert answer.json_body["reason"]


def test_a_body_is_bounded(browser: Browser) -> None:
    assert browser.send("POST", LIST, b" " * (9 * 2**20)).status == 413


def test_streams_per_login_are_bounded(browser: Browser, session: Session) -> None:
    path = f"/api/sessions/{session.id}/log"
    opened = [stream(browser, path) for _ in range(12)]
    try:
        answer = browser.send("GET", path)
        assert (answer.status, answer.json_body["reason"]) == (429, "TOO_MANY_STREAMS")
    finally:
        for one in opened:
            one.close()


def test_a_logout_ends_what_is_open(browser: Browser, session: Session) -> None:
    opened = stream(browser, f"/api/sessions/{session.id}/log")
    assert browser.send("DELETE", "/api/login").status == 200
    # Ended by the server: there is no more to come.
    while opened.recv(4096):
        pass
    opened.close()
    assert browser.post(LIST).status == 401


def stream(browser: Browser, path: str) -> socket.socket:
    """Open a stream and read its head."""
    host, _, port = browser.address.partition(":")
    opened = socket.create_connection((host, int(port)), SECONDS)
    head = (f"GET {path} HTTP/1.1", f"Host: {browser.address}", f"Cookie: {browser.cookie}", "", "")
    opened.sendall("\r\n".join(head).encode())
    assert b" 200 " in opened.recv(4096).partition(b"\r\n")[0]
    return opened


def new_tenant() -> str:
    """Return a tenant's name that no other test uses."""
    return f"tenant-{token_hex(4)}"


def test_a_key_logs_in_its_tenant(at: Guarded) -> None:
    key = at.tenant(new_tenant())
    with at.client(key) as client, client.sessions.create() as session:
        mine, others = stranger_at(at.server), stranger_at(at.server)
        assert mine.log_in(key).status == 200
        assert others.log_in(at.tenant(new_tenant())).status == 200
        (listed,) = mine.post(LIST).json_body["sessions"]
        assert listed["id"] == session.id
        assert others.post(LIST).json_body == {}
        assert others.post("/api/call/GetSession", {"sessionId": session.id}).status == 404


def test_a_key_is_needed_where_callers_need_one(at: Guarded) -> None:
    assert "#" not in at.server.console
    assert stranger_at(at.server).log_in("").status == 401


def test_a_role_permits_only_its_calls(at: Guarded) -> None:
    browser = stranger_at(at.server)
    browser.log_in(at.tenant(new_tenant(), Role.READ_ONLY))
    assert browser.post(LIST).status == 200
    answer = browser.post("/api/call/CreateSession")
    assert (answer.status, answer.json_body["reason"]) == (403, "ROLE_NOT_ALLOWED")


def test_a_revoked_key_ends_its_logins(at: Guarded) -> None:
    key = at.tenant(new_tenant())
    browser = stranger_at(at.server)
    browser.log_in(key)
    assert browser.post(LIST).status == 200
    with at.client(at.admin) as admin:
        admin.admin.revoke_key(key_id(key))
    assert browser.post(LIST).status == 401


def test_a_call_is_audited_with_its_key_and_peer(at: Guarded) -> None:
    tenant = new_tenant()
    key = at.tenant(tenant)
    browser = stranger_at(at.server)
    browser.log_in(key)
    browser.post("/api/call/GetSession", {"sessionId": "sess_told"})
    with at.client(at.admin) as admin:
        entries = list(admin.admin.audit(tenant_id=tenant))
    (entry,) = [one for one in entries if one.rpc == "GetSession"]
    assert entry.key_id == key_id(key)
    assert entry.peer.startswith("console:127.0.0.1:")
    assert entry.outcome == "NOT_FOUND"


def test_other_callers_cannot_set_the_peer_of_a_call(at: Guarded) -> None:
    tenant = new_tenant()
    key = at.tenant(tenant)
    SessionServiceStub(at.channel).ListSessions(
        ListSessionsRequest(), metadata=(*metadata_of(key), (PEER_HEADER, "word 192.0.2.1:1"))
    )
    with at.client(at.admin) as admin:
        (entry,) = admin.admin.audit(tenant_id=tenant)
    assert "192.0.2.1" not in entry.peer
    assert entry.peer.startswith("ipv4:127.0.0.1:")


def test_the_internal_socket_is_open_to_this_user_only(at: Guarded) -> None:
    found = (at.server.state / "inside.sock").stat()
    assert stat.S_ISSOCK(found.st_mode)
    assert stat.S_IMODE(found.st_mode) == 0o600
