"""A sandbox that fails to start is reported with the cause, and leaves nothing behind."""

import subprocess
from collections.abc import Callable, Iterator

import pytest

from cellblock_client import Client
from cellblock_client.errors import UnavailableError
from tests.support.engine import containers, docker
from tests.support.server import ServerProcess
from tests.support.waiting import until

BROKEN = "cellblock-broken:test"


@pytest.fixture
def broken_image(request: pytest.FixtureRequest) -> Iterator[str]:
    """The sandbox image with another first process."""
    name = f"{BROKEN}-{request.node.name.split('[')[0].strip('_')[-20:]}-{id(request)}"
    dockerfile = f"FROM cellblock-sandbox:0.1.0\nENTRYPOINT {request.param}\n"
    subprocess.run(
        ["docker", "build", "--quiet", "--tag", name, "-"],
        input=dockerfile,
        text=True,
        check=True,
        capture_output=True,
    )
    yield name
    docker("rmi", "--force", name)


@pytest.mark.parametrize(
    ("broken_image", "said"),
    [
        ('["/bin/false"]', "it ended before it listened; the sandbox exited with code 1"),
        (
            '["/bin/sh", "-c", "echo what is wrong >&2; exit 3"]',
            "last line of its log: what is wrong",
        ),
        ('["/bin/sh", "-c", "sleep 60"]', "no kernel within 1.5 s"),
    ],
    indirect=["broken_image"],
)
def test_a_failed_start_is_reported_and_leaves_nothing(
    new_server: Callable[..., ServerProcess], broken_image: str, said: str
) -> None:
    server = new_server(
        CELLBLOCK_SANDBOX__IMAGE=broken_image, CELLBLOCK_SANDBOX__START_TIMEOUT="1.5"
    )
    with Client(server.address, retry_for=0) as client:
        with pytest.raises(UnavailableError) as caught:
            client.sessions.create()
        assert caught.value.reason == "SANDBOX_START_FAILED"
        assert said in caught.value.message
        # A creation goes on when its caller has left; it ends all the same.
        until(lambda: not list(client.sessions.list()))
    assert containers((server.state / "instance").read_text()) == []
    assert list((server.state / "run").iterdir()) == []
