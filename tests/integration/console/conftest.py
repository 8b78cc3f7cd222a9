from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from cellblock_client import Client
from cellblock_client.client import Session
from tests.support.browser import Page, chromium, missing
from tests.support.server import ServerProcess

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    lacking = missing()
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.engine)
            if lacking:
                item.add_marker(pytest.mark.skip(reason=f"not installed: {lacking}"))


@pytest.fixture(scope="session")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with a console that needs no key."""
    server = ServerProcess(
        tmp_path_factory.mktemp("console"), {"CELLBLOCK_CONSOLE__LISTEN": "127.0.0.1:0"}
    )
    server.start()
    yield server
    server.end()


@pytest.fixture(scope="session")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="session")
def driver(downloads: Path) -> Iterator[Chrome]:
    with chromium(downloads) as driver:
        yield driver


@pytest.fixture
def other(at: ServerProcess) -> Iterator[Client]:
    """Somebody else who uses the server, not by the console."""
    with Client(at.address) as client:
        yield client


@pytest.fixture
def session(other: Client) -> Iterator[Session]:
    with other.sessions.create() as session:
        yield session


@pytest.fixture
def empty_page(at: ServerProcess, driver: Chrome, downloads: Path) -> Iterator[Page]:
    """The console, just opened by the address that the server printed.

    Whatever a test does there, no policy has anything to refuse.
    """
    page = Page(driver, downloads)
    page.open(at.console)
    page.until(lambda: page.one("#app").is_displayed())
    page.console()
    yield page
    assert page.violations() == []


@pytest.fixture
def page(empty_page: Page, session: Session) -> Page:
    """The console with a session that is looked at."""
    origin = empty_page.script("return location.origin")
    empty_page.open(f"{origin}/#{session.id}")
    empty_page.says(session.id, "#session-title")
    return empty_page
