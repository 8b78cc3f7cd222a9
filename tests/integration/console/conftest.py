import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cellblock_client import Client
from cellblock_client.client import Session
from tests.support.browser import Page, chromium, missing
from tests.support.engine import containers
from tests.support.server import ServerProcess

HERE = Path(__file__).parent
ENVIRONMENT = {
    "CELLBLOCK_CONSOLE__LISTEN": "127.0.0.1:0",
    "CELLBLOCK_SESSIONS__END_ON_SHUTDOWN": "true",
    "CELLBLOCK_POOL__SIZE": "1",
    "CELLBLOCK_POOL__MAX_SIZE": "1",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Root has it installed by `make test`, and is not to miss these tests unseen.
    lacking = "" if os.getuid() == 0 else missing()
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.engine)
            if lacking:
                item.add_marker(pytest.mark.skip(reason=f"not installed: {lacking}; only root can"))


@pytest.fixture(scope="session")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with a console that needs no key, and has a sandbox ready for the next session."""
    server = ServerProcess(tmp_path_factory.mktemp("console"), ENVIRONMENT)
    server.start()
    yield server
    assert server.stop() == 0
    assert containers((server.state / "instance").read_text()) == []


@pytest.fixture(scope="session")
def browser_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("browser")


@pytest.fixture(scope="session")
def entered(at: ServerProcess, browser_folder: Path) -> Iterator[Page]:
    """The console in a browser, opened by the address that the server printed."""
    with chromium(browser_folder) as driver:
        page = Page(driver, browser_folder / "downloads")
        page.open(at.console)
        page.one("#app")
        yield page


@pytest.fixture
def empty_page(entered: Page) -> Iterator[Page]:
    """The console without a selected session.

    Whatever a test does there, no policy has anything to refuse.
    """
    entered.open(entered.home)
    entered.one("#app")
    entered.ignore_messages()
    yield entered
    assert entered.violations() == []


@pytest.fixture
def other(at: ServerProcess) -> Iterator[Client]:
    """A second client of the server, which does not use the console."""
    with Client(at.address) as client:
        yield client


@pytest.fixture
def session(other: Client) -> Iterator[Session]:
    with other.sessions.create() as session:
        yield session


@pytest.fixture
def page(entered: Page, session: Session) -> Iterator[Page]:
    """The console with a selected session; otherwise like `empty_page`."""
    entered.open(f"{entered.home}#{session.id}")
    entered.says(session.id, "#session-title")
    entered.ignore_messages()
    yield entered
    assert entered.violations() == []
