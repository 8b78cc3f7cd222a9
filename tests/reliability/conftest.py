import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from cellblock_client import AsyncClient
from cellblock_client.embedded import SERVER
from tests.support.server import ServerProcess

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.engine)


@pytest.fixture
async def async_client(server: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(server) as client:
        yield client


@pytest.fixture
def lasting_server(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Return a function that makes servers whose address stays the same across restarts.

    `prepare` gets the state folder before the first start; keywords are environment variables.
    A port that is free for a while could be taken by another process.
    """
    with ExitStack() as stack:

        def make(
            prepare: Callable[[Path], None] = lambda _state: None,
            command: Sequence[str] = SERVER,
            **environment: str,
        ) -> ServerProcess:
            # Short: a Unix socket's path has at most 107 bytes.
            sockets = stack.enter_context(tempfile.TemporaryDirectory(prefix="cellblock-"))
            folder = tmp_path / f"server-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            process = ServerProcess(folder, environment, command)
            process.listen = f"unix:{sockets}/server"
            process.state.mkdir()
            prepare(process.state)
            stack.callback(process.end)
            process.start()
            return process

        yield make
