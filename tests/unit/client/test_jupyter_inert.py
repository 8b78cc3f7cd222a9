"""Nothing of a sandbox's runs in the notebook's page, or is loaded by it."""

import pytest

from cellblock_client.jupyter.inert import inert

TEXT = "text/plain"


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<style>body { display: none }</style>",
        "<iframe src='https://example.com'></iframe>",
        "<svg><script>alert(1)</script></svg>",
        "<object data='x'></object><embed src='x'><base href='//example.com'>",
        "<form action='/api/kernels'></form>",
        "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
    ],
)
def test_what_would_run_or_frame_is_gone(html: str) -> None:
    shown = inert({"text/html": html, TEXT: "x"}).get("text/html", "")
    for word in ("script", "style", "iframe", "object", "embed", "base", "form", "onerror", "="):
        assert word not in shown


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<b onclick='x()'>a</b>", "<b>a</b>"),
        ("<b data-commandlinker-command='x'>a</b>", "<b>a</b>"),
        ("<b class='jp-Dialog' id='main'>a</b>", "<b>a</b>"),
        ("<b style='position: fixed; color: red'>a</b>", '<b style="color:red">a</b>'),
        ("<a href='javascript:x()'>a</a>", '<a rel="noopener noreferrer">a</a>'),
        ("<a href=' data:text/html,x'>a</a>", '<a rel="noopener noreferrer">a</a>'),
        ("<img src='https://example.com/?secret'>", "<img>"),
        ("<img src='data:image/svg+xml;base64,AAAA'>", "<img>"),
    ],
)
def test_attributes_that_do_something_are_gone(html: str, shown: str) -> None:
    assert inert({"text/html": html})["text/html"] == shown


@pytest.mark.parametrize(
    "html",
    [
        '<table border="1" class="dataframe"><tbody></tbody></table>',
        '<table><tbody><tr><td colspan="2">1</td></tr></tbody></table>',
        '<img src="data:image/png;base64,AAAA">',
        "<h1>a</h1><p>b <em>c</em></p><ul><li>d</li></ul>",
        '<td style="text-align:right">1</td>'.replace("td", "p"),
    ],
)
def test_what_only_shows_stays(html: str) -> None:
    assert inert({"text/html": html})["text/html"] == html


@pytest.mark.parametrize(
    "kind",
    [
        "application/javascript",
        "application/vnd.bokehjs_exec.v0+json",
        "application/vnd.jupyter.widget-view+json",
        "application/x-unknown",
        "application/vnd.plotly.v1+json+x",
    ],
)
def test_types_that_nothing_is_known_of_are_left_out(kind: str) -> None:
    assert inert({kind: "x", TEXT: "x"}) == {TEXT: "x"}


def test_markdown_is_shown_as_the_text_that_it_is() -> None:
    source = "# a <img src=x onerror=alert(1)> [b](javascript:c)"
    assert inert({"text/markdown": source, TEXT: "<Markdown>"}) == {TEXT: source}


@pytest.mark.parametrize(
    "kind", ["image/png", "text/latex", "application/json", "application/vnd.plotly.v1+json"]
)
def test_others_stay(kind: str) -> None:
    assert inert({kind: "x"}) == {kind: "x"}
