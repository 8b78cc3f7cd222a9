"""Filter that makes a sandbox's output harmless in a browser.

A notebook's front end trusts the outputs of cells that its user runs: it runs the scripts in them,
with the user's rights on the Jupyter server, which offers a terminal. Code in a sandbox must not
escape that way.
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
"""Types that front ends render without interpreting their content."""
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
"""Permitted CSS properties: none covers other parts of the page or loads a resource."""
CLASSES = {"table": {"dataframe"}}
INLINE_IMAGE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,")


def inert(data: dict[str, Any]) -> dict[str, Any]:
    """Remove from a MIME bundle what a browser would run, or load from elsewhere.

    HTML is cleaned, Markdown shown as plain text, and unknown types are removed, because an
    extension of the front end could run them.
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
    """Return an attribute's permitted value; None to remove it."""
    if name == "src":
        # A URL to another server can carry away what the code knows.
        return value if tag == "img" and INLINE_IMAGE.match(value) else None
    if name == "href" and value.lstrip().lower().startswith("data:"):
        return None
    return value
