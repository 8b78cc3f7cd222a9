"""Accessibility of the page: light and dark, wide and narrow, by keyboard and screen reader."""

from collections.abc import Iterator

import pytest
from selenium.webdriver import Keys
from selenium_axe_python import Axe

from cellblock_client.client import Session
from tests.support.browser import CONTROL_ENTER, HEIGHT, WIDTH, Page

SHOWN = """
from IPython.display import HTML, display
print("text", "\\x1b[31mred\\x1b[0m \\x1b[92mgreen\\x1b[0m")
display(HTML("<table><tr><th>a</th></tr><tr><td>1</td></tr></table>"))
open("/mnt/data/some.csv", "w").write("a,b\\n1,2\\n")
1 / 0
"""
NARROW = 400


@pytest.fixture
def dark(page: Page) -> Iterator[Page]:
    """The console's page in a browser that prefers dark colours."""
    prefer(page, "dark")
    yield page
    prefer(page, "light")
    page.script("localStorage.clear()")


def prefer(page: Page, scheme: str) -> None:
    page.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )


def ground(page: Page) -> int:
    """Return the page's brightness, 0 to 255."""
    colour = page.one("body").value_of_css_property("background-color")
    return int(colour.partition("(")[2].partition(",")[0])


def faults(page: Page) -> list[str]:
    axe = Axe(page.driver)
    axe.inject()
    found = axe.run()
    assert found["passes"]
    return [
        f"{fault['id']}: {node['html'][:120]}: {node['any'][:1]}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


def test_colours_follow_the_system_unless_the_user_chooses(dark: Page) -> None:
    assert ground(dark) < 50
    dark.one("#theme").send_keys("Light")
    assert ground(dark) > 200
    dark.driver.refresh()
    assert ground(dark) > 200


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_has_no_accessibility_faults(dark: Page, session: Session, scheme: str) -> None:
    page = dark
    prefer(page, scheme)
    page.run(SHOWN)
    page.finished()
    page.until(lambda: page.all("#file-list li"))
    page.until(lambda: page.all(".chart .line"))
    assert faults(page) == []
    page.click("#file-list button")
    page.until(lambda: page.all("#preview td"))
    assert faults(page) == []
    page.click("#close-preview")


def test_a_session_is_usable_by_keyboard_alone(page: Page, session: Session) -> None:
    session.files.write("some.csv", b"a,b\n1,2\n")
    page.until(lambda: page.one("#code").is_enabled())
    visited = []
    page.script("document.activeElement.blur()")
    while "code" not in visited:
        page.press(Keys.TAB)
        visited.append(page.script("return document.activeElement.id"))
        assert len(visited) < 60
    assert {"create", "states", "restart", "delete", "log-scroll"} <= set(visited)
    outline = page.driver.switch_to.active_element.value_of_css_property("outline-style")
    assert outline == "solid"
    page.press("print('typed')", CONTROL_ENTER)
    page.finished()
    assert page.text(".stdout") == "typed\n"
    # No trap: it goes on from the code, to the end and back to the start.
    page.until(lambda: page.all("#file-list button"))
    while not page.script("return document.activeElement.matches('#file-list button')"):
        page.press(Keys.TAB)
        visited.append("")
        assert len(visited) < 60
    page.press(Keys.ENTER)
    page.until(lambda: page.all("#preview td"))
    page.press(Keys.ESCAPE)
    page.until(lambda: not page.driver.find_element("id", "preview").is_displayed())
    assert page.script("return document.activeElement.matches('#file-list button')")


def test_the_page_fits_a_narrow_window(page: Page) -> None:
    page.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": NARROW, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False},
    )
    try:
        page.run(SHOWN)
        page.finished()
        page.until(lambda: page.all("#file-list li"))
        assert page.script("return document.documentElement.scrollWidth") <= NARROW
        assert page.one("#run").is_displayed()
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert page.script("return innerWidth") == WIDTH
