"""What a browser may show of a sandbox's output without obeying it.

A notebook's front end takes the outputs of cells that its user runs for the user's own: it runs
the scripts in them, with the user's rights on the Jupyter server, where a terminal is one call
away. Code that a sandbox holds back must not get out that way.
"""

import re
from typing import Any

import nh3

PLAIN = frozenset(
    {
        "application/geo+json",
        "application/json",
        "application/vnd.dataresource+json",
        "image/gif",
        "image/jpeg",
        "image/png",
        # Shown as an image, in which nothing runs and from which nothing is loaded.
        "image/svg+xml",
        "image/webp",
        "text/latex",
        "text/plain",
    }
)
"""Types that front ends draw themselves, whatever is in them."""
CHARTS = re.compile(r"application/vnd\.(plotly|vega|vegalite)\.v\d{1,2}\+json")
HTML, MARKDOWN, TEXT = "text/html", "text/markdown", "text/plain"
ATTRIBUTES = nh3.ALLOWED_ATTRIBUTES | {
    "*": {"lang", "style", "title"},
    "table": {"align", "border", "summary"},
}
STYLES = {
    "background-color",
    "border",
    "color",
    "font-style",
    "font-weight",
    "padding",
    "text-align",
    "text-decoration",
    "vertical-align",
    "width",
}
"""None that puts anything over other parts of the page, or loads something."""
CLASSES = {"table": {"dataframe"}}
INLINE_IMAGE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,")


def inert(data: dict[str, Any]) -> dict[str, Any]:
    """A MIME bundle without what a browser would run, or load from elsewhere.

    HTML is cleaned, Markdown shown as the text that it is, and types that nothing is known of
    are left out: any extension of the front end could obey them.
    """
    kept = {kind: value for kind, value in data.items() if kind in PLAIN or CHARTS.fullmatch(kind)}
    if isinstance(html := data.get(HTML), str) and (clean := _cleaned(html)):
        kept[HTML] = clean
    if isinstance(source := data.get(MARKDOWN), str):
        # Front ends allow HTML in it, and links that are scripts.
        kept[TEXT] = source
    return kept


def _cleaned(html: str) -> str:
    return nh3.clean(
        html,
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        allowed_classes=CLASSES,
        filter_style_properties=STYLES,
        url_schemes={"http", "https", "mailto", "data"},
    ).strip()


def _attribute(tag: str, name: str, value: str) -> str | None:
    """An attribute's value as it may stay; None to leave it out."""
    if name == "src":
        # What is loaded from elsewhere can carry away what the code knows.
        return value if tag == "img" and INLINE_IMAGE.match(value) else None
    if name == "href" and value.lstrip().lower().startswith("data:"):
        return None
    return value
