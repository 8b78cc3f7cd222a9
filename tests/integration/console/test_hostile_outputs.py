"""Output of a sandbox is displayed and can't run scripts on the page.

Each attack tries to set a mark on the page, or to leave for another address. The control is the
first test: the same script does set the mark where it runs.
"""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cellblock_client.client import Session
from tests.support.browser import Page

MARK = "window.top.document.documentElement.dataset.taken = 'yes'"
SCRIPT = f'<script>{MARK}</script><img src=x onerror="{MARK}"><svg onload="{MARK}"></svg>'
SVG = f"<svg xmlns='http://www.w3.org/2000/svg' width='40' height='30' onload=\"{MARK}\">"
SVG += f"<script>{MARK}</script><rect width='40' height='30' fill='red'/></svg>"
NAME = "<img src=x onerror=alert(1)>.csv"
TURNED = "\u202egnp.txt"
"""Looks like `txt.png` to an eye that is turned around."""


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """The address of another server, and the requests that it received."""
    asked: list[str] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def taken(page: Page) -> bool:
    return bool(page.script("return document.documentElement.dataset.taken"))


def shown(page: Page, code: str) -> None:
    page.run(code)
    page.finished()


def test_the_script_sets_its_mark_outside_a_sandbox(page: Page) -> None:
    page.script(MARK)
    assert taken(page)


def test_text_is_text(page: Page) -> None:
    shown(page, f"import sys\nprint({SCRIPT!r})\nprint({SCRIPT!r}, file=sys.stderr)\n{SCRIPT!r}")
    assert page.text(".stdout") == page.text(".stderr") == f"{SCRIPT}\n"
    assert SCRIPT[:20] in page.text(".value")
    assert page.all(".outputs img, .outputs script, .outputs svg") == []
    assert not taken(page)


def test_control_sequences_write_no_links_and_no_titles(page: Page) -> None:
    shown(
        page,
        "print('\\x1b]8;;https://elsewhere.example\\x07link\\x1b]8;;\\x07\\x1b]0;title\\x07.')",
    )
    assert page.text(".stdout") == "link.\n"
    assert page.all(".stdout a") == []
    assert page.driver.title == "Cellblock console"


def test_an_error_is_text(page: Page) -> None:
    shown(page, f"kind = type({SCRIPT!r}, (Exception,), {{}})\nraise kind({SCRIPT!r})")
    assert SCRIPT in page.text(".error-name")
    assert page.all(".error img, .error script, .error svg") == []
    assert not taken(page)


def test_html_runs_no_script_and_reaches_nothing(
    page: Page, elsewhere: tuple[str, list[str]]
) -> None:
    away, asked = elsewhere
    html = (
        f"<p id=seen>seen</p>{SCRIPT}<link rel=stylesheet href={away}/style><img src={away}/img>"
        f"<style>@import '{away}/import'; p {{background: url({away}/background)}}</style>"
        f"<iframe src={away}/frame></iframe><object data={away}/object></object>"
        f"<meta http-equiv=refresh content='0;url={away}/refresh'><base href={away}>"
        f"<a id=out target=_top href={away}/top>top</a> <a id=self href={away}/self>self</a>"
    )
    shown(page, f"from IPython.display import HTML\nHTML({html!r})")
    page.driver.switch_to.frame(page.one(".outputs iframe"))
    page.says("seen", "#seen")
    page.one("#out").click()
    page.one("#self").click()
    page.driver.switch_to.default_content()
    assert not taken(page)
    assert page.driver.title == "Cellblock console"
    # These are refusals that had to be, of the frame's own policy and of the page's.
    page.until(page.violations)
    page.ignore_messages()
    assert asked == []


def test_html_has_an_opaque_origin(page: Page) -> None:
    """Even where a script would run, as it is opened by itself without the frame's sandbox."""
    shown(page, f"from IPython.display import HTML\nHTML({SCRIPT!r})")
    path = page.one(".outputs iframe").get_dom_attribute("src")
    page.open(f"{page.home.rstrip('/')}{path}")
    assert page.script("return window.origin") == "null"
    assert not taken(page)
    page.until(page.violations)
    page.ignore_messages()


def test_svg_is_shown_as_an_image(page: Page) -> None:
    shown(
        page,
        f"from IPython.display import SVG, display\ndisplay(SVG(data={SVG!r}))\n"
        f"open('/mnt/data/<b>.svg', 'w').write({SVG!r})",
    )
    page.until(lambda: page.script("return document.querySelector('.outputs img').naturalWidth"))
    assert page.all(".outputs svg") == []
    page.click("#file-list button")
    page.until(lambda: page.script("return document.querySelector('#preview img')?.naturalWidth"))
    assert not taken(page)


def test_names_of_types_are_text(page: Page) -> None:
    shown(
        page,
        "from IPython.display import display\n"
        f"display({{'text/plain': 'x', {SCRIPT!r}: 'y', 'text/x\\n<b>': 'z'}}, raw=True)",
    )
    assert SCRIPT in page.text(".types")
    assert page.all(".types img, .types b") == []
    assert not taken(page)


def test_names_of_files_are_text(page: Page, session: Session) -> None:
    shown(page, f"for name in {[NAME, TURNED]!r}: open('/mnt/data/' + name, 'w').write('a,b')")
    page.until(lambda: page.all("#file-list li"))
    # Each is isolated: it turns nothing that stands beside it.
    assert page.text("#file-list bdi") == f"{NAME}\n{TURNED}"
    assert page.all("#file-list img, .note img") == []
    page.click("#file-list button")
    page.until(lambda: page.all("#preview td, #preview th"))
    assert page.all("#preview img") == []
    assert not taken(page)


def test_a_file_is_never_a_page(page: Page) -> None:
    """A browser downloads a file of any name, and gets no content type for it."""
    shown(page, f"open('/mnt/data/page.html', 'w').write({SCRIPT!r})")
    page.until(lambda: page.all("#file-list a") and page.all(".outputs a[download]"))
    for link in page.all("#file-list a, .outputs a[download]"):
        head = page.script(
            "return fetch(arguments[0]).then((got) => Object.fromEntries(got.headers))",
            link.get_dom_attribute("href"),
        )
        assert head["content-type"] == "application/octet-stream"
        assert head["content-disposition"].startswith("attachment;")
        assert head["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in head["content-security-policy"]
