"""Changes that other clients make to sessions appear on the page, now and after a reload."""

from cellblock_client import Client
from cellblock_client.client import Session
from tests.support.browser import Page

MAKES_MEMORY = "block = bytearray(50_000_000)"


def test_executions_of_other_clients_are_shown_live(page: Page, session: Session) -> None:
    session.run("print('from elsewhere')")
    page.says("from elsewhere", ".stdout")
    page.finished()
    session.run("6 * 7")
    page.says("42", ".outputs")


def test_earlier_executions_are_shown(page: Page, session: Session) -> None:
    session.run("print('long ago')")
    page.says("long ago", ".stdout")
    page.driver.refresh()
    page.says("long ago", ".stdout")
    assert len(page.all(".run")) == 1


def test_sessions_come_and_go_in_the_list(empty_page: Page, other: Client) -> None:
    page = empty_page
    with other.sessions.create() as session:
        page.says(session.id, "#session-list")
    page.until(lambda: session.id not in page.text("#session-list"))
    page.one("#states").send_keys("ended")
    page.says(session.id, "#session-list")
    assert set(page.text("#session-list .state").split()) == {"deleted"}


def test_a_session_is_made_and_deleted(empty_page: Page, other: Client) -> None:
    page = empty_page
    page.click("#create")
    page.until(lambda: page.text("#session-title").startswith("sess_"))
    made = page.text("#session-title")
    assert other.sessions.get(made).info.state.name == "READY"
    page.click("#delete")
    page.click("#confirm-yes")
    page.until(lambda: page.text("#session-facts .state") == "deleted")
    assert other.sessions.get(made).info.state.name == "DELETED"
    assert not page.one("#run").is_enabled()


def test_resource_use_is_shown(page: Page) -> None:
    page.run(MAKES_MEMORY)
    page.finished()
    page.until(lambda: "MiB of" in page.text(".chart .value"))
    points = "return document.querySelector('.chart .line').points.length"
    page.until(lambda: page.script(points) > 1)
