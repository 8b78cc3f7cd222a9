"""A sandbox with egress reaches the hosts that the operator allows, and no others."""

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest

from cellblock_client import Client
from cellblock_client.client import Session
from cellblock_client.errors import InvalidArgumentError
from tests.support.nameserver import name_server
from tests.support.package_index import Index, package_index, wheel
from tests.support.server import ServerProcess
from tests.support.waiting import until

NewServer = Callable[..., ServerProcess]

pytestmark = pytest.mark.skipif(
    os.getuid() != 0 and shutil.which("squid", path=f"{os.environ['PATH']}:/usr/sbin") is None,
    reason="squid is not installed and only root may install it: scripts/ensure_test_tools.sh",
)
root_only = pytest.mark.skipif(
    os.getuid() != 0, reason="only root may listen at port 53, where squid asks for names"
)
FETCH = """
import urllib.error, urllib.request
def fetch(url):
    try:
        return urllib.request.urlopen(url, timeout=20).status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        return f'{type(error).__name__}: {error}'
"""


ADDRESSES = (
    *("10.0.0.1", "169.254.169.254", "127.0.0.1", "100.64.0.1", "224.0.0.1", "0.0.0.0"),
    *("::1", "fd00::1", "fe80::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
)
NAMES_AT = f"127.77.{os.getpid() // 250 % 250}.{os.getpid() % 250 + 1}"
"""An address of this process's own: every one has port 53."""


@pytest.fixture(scope="module")
def index() -> Iterator[Index]:
    modules = {"sesame.py": b"word = 'open'\n"}
    with package_index("sesame", wheel("sesame", "1.0", modules)) as index:
        yield index


@pytest.fixture(scope="module")
def server_out(index: Index, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that lets sessions request egress to the package index."""
    with running(tmp_path_factory, allowing(f"localhost:{index.port}")) as server:
        yield server


@pytest.fixture(scope="module")
def session_out(server_out: ServerProcess) -> Iterator[Session]:
    with (
        Client(server_out.address) as client,
        client.sessions.create(network="proxy") as session,
    ):
        yield session


@contextmanager
def running(
    factory: pytest.TempPathFactory, environment: dict[str, str]
) -> Iterator[ServerProcess]:
    server = ServerProcess(factory.mktemp("egress"), environment)
    server.start()
    try:
        yield server
    finally:
        server.end()


def allowing(*rules: str, private: tuple[str, ...] = ("127.0.0.1/32",)) -> dict[str, str]:
    return {
        "CELLBLOCK_SANDBOX__ALLOWED_NETWORKS": '["proxy"]',
        "CELLBLOCK_EGRESS__ALLOW": json.dumps(rules),
        "CELLBLOCK_EGRESS__PRIVATE_NETWORKS": json.dumps(private),
    }


def fetched(session: Session, url: str) -> str:
    """Return the status of a request from inside, or the exception's name."""
    return session.run(f"{FETCH}print(fetch({url!r}))").stdout.strip()


def squids(server: ServerProcess) -> list[psutil.Process]:
    """Return the proxy's processes."""
    config = str(server.state / "egress" / "squid.conf")
    found = []
    for process in psutil.process_iter():
        try:
            if process.name() == "squid" and config in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue  # ended meanwhile
    return found


def test_an_allowed_host_is_reached_and_logged(
    server_out: ServerProcess, session_out: Session, index: Index
) -> None:
    before = len(server_out.log.read_text().splitlines())
    assert fetched(session_out, f"http://localhost:{index.port}/simple/sesame/") == "200"
    lines = [json.loads(line) for line in server_out.log.read_text().splitlines()[before:]]
    (entry,) = [line for line in lines if line["event"] == "egress_request"]
    assert (entry["session_id"], entry["status"]) == (session_out.id, "200")
    assert entry["target"] == f"http://localhost:{index.port}/simple/sesame/"


def test_pip_installs_from_an_allowed_index(session_out: Session, index: Index) -> None:
    url = f"http://localhost:{index.port}/simple"
    result = session_out.run(
        f"%pip install --quiet --index-url {url} sesame\nimport sesame\nsesame.word"
    )
    assert (result.error, result.text) == (None, "'open'")
    session_out.restart()
    assert session_out.run("import sesame; sesame.__file__").text == (
        "'/home/sandbox/packages/sesame.py'"
    )
    result = session_out.run("%pip install --quiet --index-url https://pypi.invalid/simple other")
    assert result.error is not None
    assert "only hosts that the operator allows" in result.error.value


def test_other_hosts_are_refused(session_out: Session, index: Index) -> None:
    before = len(index.asked)
    for url in (
        f"http://127.0.0.1:{index.port}/",
        f"http://[::1]:{index.port}/",
        f"http://2130706433:{index.port}/",
        "http://localhost:22/",
        "http://example.com/",
        "http://169.254.169.254/latest/meta-data/",
    ):
        assert fetched(session_out, url) == "403", url
    # Through a tunnel the refusal is of the tunnel.
    assert "403" in fetched(session_out, "https://example.com/")
    assert "403" in fetched(session_out, "https://example.org/")
    assert len(index.asked) == before


def test_a_private_address_is_refused_by_name(new_server: NewServer, index: Index) -> None:
    server = new_server(**allowing(f"localhost:{index.port}", private=()))
    with Client(server.address) as client, client.sessions.create(network="proxy") as session:
        before = len(index.asked)
        assert fetched(session, f"http://localhost:{index.port}/") == "403"
        assert len(index.asked) == before


@root_only
@pytest.mark.parametrize("address", ADDRESSES)
def test_no_name_leads_to_a_private_address(
    egress_of_names: tuple[Session, "dict[str, list[str]]"], address: str
) -> None:
    session, names = egress_of_names
    name = address.replace(":", "-").replace(".", "-").strip("-") + ".names.test"
    names[name] = [address]
    assert fetched(session, f"http://{name}:8080/") == "403"


@root_only
def test_one_private_address_among_others_is_enough(
    egress_of_names: tuple[Session, "dict[str, list[str]]"],
) -> None:
    session, names = egress_of_names
    names["both.names.test"] = ["192.31.0.1", "10.0.0.1"]
    assert fetched(session, "http://both.names.test:8080/") == "403"


@pytest.fixture(scope="module")
def egress_of_names(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Session, dict[str, list[str]]]]:
    names: dict[str, list[str]] = {}
    environment = allowing("*.names.test:8080", private=())
    environment["CELLBLOCK_EGRESS__DNS_SERVERS"] = json.dumps([NAMES_AT])
    with (
        name_server(NAMES_AT, names),
        running(tmp_path_factory, environment) as server,
        Client(server.address) as client,
        client.sessions.create(network="proxy") as session,
    ):
        yield session, names


@root_only
def test_dns_rebinding_reaches_nothing(
    tmp_path_factory: pytest.TempPathFactory, index: Index
) -> None:
    """Only the first DNS answer is allowed, and no server listens at its address."""
    names = {"rebind.names.test": ["127.9.9.9", "127.0.0.1"]}
    environment = allowing(f"rebind.names.test:{index.port}", private=("127.9.9.9",))
    at = NAMES_AT.replace("127.77.", "127.78.")
    environment["CELLBLOCK_EGRESS__DNS_SERVERS"] = json.dumps([at])
    before = len(index.asked)
    with (
        name_server(at, names, in_turn=True),
        running(tmp_path_factory, environment) as server,
        Client(server.address) as client,
        client.sessions.create(network="proxy") as session,
    ):
        url = f"http://rebind.names.test:{index.port}/"
        assert [fetched(session, url) for _ in range(3)] == ["503"] * 3
    assert names["rebind.names.test"] == ["127.0.0.1"]  # the first was given out
    assert len(index.asked) == before


@root_only
def test_names_that_are_not_allowed_are_not_looked_up(
    egress_of_names: tuple[Session, "dict[str, list[str]]"],
) -> None:
    """A looked-up name could carry a secret to the owner of its name server."""
    session, names = egress_of_names
    assert fetched(session, "http://secret.elsewhere.test:8080/") == "403"
    assert "secret.elsewhere.test" not in names.get("asked", [])


def test_egress_gives_no_network_interface(session_out: Session, index: Index) -> None:
    result = session_out.run(
        "import socket\n"
        f"for place in (('127.0.0.1', {index.port}), ('1.1.1.1', 53), ('10.0.0.1', 80)):\n"
        "    try: socket.create_connection(place, timeout=2); print('CONNECTED')\n"
        "    except OSError: print('refused')\n"
        "try: print(socket.getaddrinfo('pypi.org', 443))\n"
        "except OSError as error: print(type(error).__name__)\n"
        "print(socket.if_nameindex())"
    )
    assert result.stdout == "refused\n" * 3 + "gaierror\n[(1, 'lo')]\n"


def test_egress_is_off_by_default_and_a_session_can_not_enable_it(
    client: Client, session: Session
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        client.sessions.create(network="proxy")
    assert caught.value.field == "network"
    assert session.run("import os; os.path.exists('/mnt/inputs/egress.sock')").text == "False"


def test_only_requesting_sessions_have_egress_and_they_stay_isolated(
    new_server: NewServer, index: Index
) -> None:
    server = new_server(
        **allowing(f"localhost:{index.port}"), CELLBLOCK_EGRESS__MAX_CONNECTIONS="2"
    )
    url = f"http://localhost:{index.port}/simple/sesame/"
    with (
        Client(server.address) as client,
        client.sessions.create(network="proxy") as greedy,
        client.sessions.create(network="proxy") as other,
        client.sessions.create() as without,
    ):
        greedy.run(
            "import socket\n"
            "held = [socket.create_connection(('127.0.0.1', 3128)) for _ in range(5)]"
        )
        until(lambda: server.log.read_text().count("more than 2 open connections") >= 3)
        assert fetched(greedy, url) == "503"
        assert fetched(other, url) == "200"
        assert "URLError" in fetched(without, url)


def test_bytes_are_bounded(new_server: NewServer, index: Index) -> None:
    server = new_server(**allowing(f"localhost:{index.port}"), CELLBLOCK_EGRESS__MAX_BYTES="1 KiB")
    url = f"http://localhost:{index.port}/files/{index.file}"
    with Client(server.address) as client, client.sessions.create(network="proxy") as session:
        session.run(FETCH + f"for _ in range(3): fetch({url!r})")
        assert fetched(session, url) == "503"
        assert "has used up its 1024 bytes" in server.log.read_text()


def test_a_dead_proxy_is_a_refusal_and_is_replaced(new_server: NewServer, index: Index) -> None:
    server = new_server(**allowing(f"localhost:{index.port}"))
    url = f"http://localhost:{index.port}/simple/sesame/"
    with Client(server.address) as client, client.sessions.create(network="proxy") as session:
        (squid,) = squids(server)
        squid.send_signal(signal.SIGSTOP)
        before = len(index.asked)
        answer = session.run(
            f"import urllib.request\nurllib.request.urlopen({url!r}, timeout=1)", time_limit=20
        )
        assert answer.error is not None
        assert len(index.asked) == before
        squid.kill()
        until(lambda: squid.pid not in [process.pid for process in squids(server)])
        until(lambda: server.log.read_text().count("egress_proxy_started") == 2)
        assert fetched(session, url) == "200"


def test_nothing_is_left_when_the_server_ends(new_server: NewServer, index: Index) -> None:
    server = new_server(**allowing(f"localhost:{index.port}"))
    url = f"http://localhost:{index.port}/simple/sesame/"
    with Client(server.address) as client:
        session_id = client.sessions.create(network="proxy").id
    assert len(squids(server)) == 1
    server.kill()
    until(lambda: squids(server) == [])
    server.start()
    with Client(server.address) as client:
        # The restarted server takes the sandbox over with its egress.
        assert fetched(client.sessions.get(session_id), url) == "200"
    server.stop()
    assert squids(server) == []
