"""The distribution's Chromium, and a page of the web console in it."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    NoSuchElementException,
    StaleElementReferenceException,
)
from selenium.webdriver import Chrome, ChromeOptions, ChromeService, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.support.waiting import until

PROGRAMS = ("chromium", "chromedriver")
WIDTH, HEIGHT = 1440, 900
SECONDS = 40
REFUSED = "Content Security Policy"
CHANGING = (
    ElementClickInterceptedException,
    NoSuchElementException,
    StaleElementReferenceException,
)
"""Errors of an element that the page replaced or covered since it was found."""
CONTROL_ENTER = Keys.CONTROL + Keys.ENTER


def missing() -> str:
    """Return the missing programs for browser tests, comma-separated; empty if there are all."""
    return ", ".join(name for name in PROGRAMS if shutil.which(name) is None)


@contextmanager
def chromium(folder: Path) -> Iterator[Chrome]:
    """Start a headless browser that keeps all its data in `folder`, downloads in `downloads`."""
    options = ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for argument in (
        "--headless=new",
        f"--window-size={WIDTH},{HEIGHT}",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        # Nothing that it might ask of others.
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--no-proxy-server",
        f"--user-data-dir={folder / 'profile'}",
    ):
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    saves = {"download.default_directory": str(folder / "downloads")}
    options.add_experimental_option("prefs", saves)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    environment = {**os.environ, "TMPDIR": str(folder)}
    driver = Chrome(options, ChromeService(shutil.which("chromedriver"), env=environment))
    try:
        yield driver
    finally:
        driver.quit()


class Page:
    """The console's page in a browser, as a user has it open."""

    def __init__(self, driver: Chrome, downloads: Path) -> None:
        """Show the page in `driver`."""
        self.driver = driver
        self.downloads = downloads
        self.home = ""
        """Address of the page without its fragment."""
        self._said: list[str] = []

    def open(self, url: str) -> None:
        """Open an address as if the user typed it."""
        # Without a reload, a new fragment would only scroll the open page.
        self.driver.get("about:blank")
        self.driver.get(url)
        self.home = self.home or f"{self.script('return location.origin')}/"

    def all(self, selector: str) -> list[WebElement]:
        found: list[WebElement] = self.driver.find_elements(By.CSS_SELECTOR, selector)
        return found

    def one(self, selector: str) -> WebElement:
        """Wait until the first matching element is visible, and return it."""
        self.until(lambda: self.driver.find_element(By.CSS_SELECTOR, selector).is_displayed())
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector: str, text: str = "") -> None:
        """Click the first matching element, or the one with this text, as soon as possible."""

        def clicked() -> bool:
            found = [item for item in self.all(selector) if text in ("", item.text)]
            if not (found and found[0].is_displayed() and found[0].is_enabled()):
                return False
            found[0].click()
            return True

        self.until(clicked)

    def text(self, selector: str) -> str:
        """Return the text of all matching elements, including hidden text."""
        return "\n".join(str(item.get_property("textContent")) for item in self.all(selector))

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition on the page, which may be changing meanwhile."""

        def holds() -> bool:
            try:
                return bool(condition())
            except CHANGING:
                return False

        until(holds, SECONDS)

    def says(self, words: str, selector: str = "body") -> None:
        """Wait until an element has this text."""
        self.until(lambda: words in self.text(selector))

    def run(self, code: str) -> None:
        """Type code and run it."""
        self.until(lambda: self.one("#code").is_enabled())
        place = self.one("#code")
        self.driver.execute_script("arguments[0].value = arguments[1]", place, code)
        place.send_keys(CONTROL_ENTER)

    def finished(self, runs: int = 1) -> None:
        """Wait until so many executions have ended and none is running."""
        self.until(lambda: len(self.all(".run[aria-busy=false]")) >= runs)
        self.until(lambda: not self.all(".run[aria-busy=true]"))

    def script(self, text: str, *arguments: object) -> Any:
        """Run a script in the page and return its result."""
        return self.driver.execute_script(text, *arguments)

    def press(self, *keys: str) -> None:
        """Press keys in the focused element."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def console(self) -> Sequence[str]:
        """Return all messages that the browser logged."""
        self._said += [str(entry["message"]) for entry in self.driver.get_log("browser")]
        return self._said

    def ignore_messages(self) -> None:
        """Ignore the messages logged so far, which the test caused on purpose."""
        self.console()
        self._said.clear()

    def violations(self) -> list[str]:
        """Return the console's messages about requests that a content policy refused."""
        return [line for line in self.console() if REFUSED in line or "Trusted" in line]
