"""Plotly: each renderer shows the figure as display data, and as PNG where Kaleido works.

Plotly's own renderers open browsers, or show plotly.js with its megabytes in the first figure.
"""

import threading
from typing import Any

from cellblock_agent.kernel.libraries import displays

IMAGE_SECONDS = 30
"""Longest wait for an image. The first one starts Chromium."""


class _Images:
    """Reason why Kaleido draws no images, once that is known."""

    problem = ""


def adapt(renderers_module: Any) -> None:  # noqa: ANN401 - a module
    """Replace `plotly.io.show` and the bundles of figures."""
    if displays.is_foreign():
        return
    renderers = renderers_module.renderers
    show = renderers_module.show

    def show_figure(
        fig: Any,  # noqa: ANN401
        renderer: str | None = None,
        validate: bool = True,
        **options: Any,  # noqa: ANN401
    ) -> None:
        names = renderer or renderers.default or ""
        if not is_built_in(renderers, names):
            show(fig, renderer, validate, **options)
            return
        figure = renderers_module.validate_coerce_fig_to_dict(fig, validate)
        displays.show_bundle(figure_bundle(renderers, figure, options))

    def build_bundle(
        fig_dict: dict[str, Any],
        _renderers: str | None = None,
        **options: Any,  # noqa: ANN401
    ) -> dict[str, Any]:
        return figure_bundle(renderers, fig_dict, options)

    renderers_module.show = show_figure
    renderers._build_mime_bundle = build_bundle  # noqa: SLF001 - corpus programs check it
    # Activating shows plotly.js.
    renderers._activate_pending_renderers = lambda cls=object: None  # noqa: SLF001


def is_built_in(renderers: Any, names: str) -> bool:  # noqa: ANN401
    """Return whether renderers are Plotly's own; raise ValueError for unknown ones."""
    if not names:
        return True
    found = [renderers[name] for name in renderers._validate_coerce_renderers(names)]  # noqa: SLF001
    return all(type(one).__module__.startswith("plotly.") for one in found)


def figure_bundle(
    renderers: Any,  # noqa: ANN401
    figure: dict[str, Any],
    options: dict[str, Any],
) -> dict[str, Any]:
    """Return a figure's representations."""
    sizes = {name: options[name] for name in ("width", "height", "scale") if options.get(name)}
    image = draw_image(figure, sizes)
    text = describe_figure(figure)
    bundle = dict(renderers["plotly_mimetype"].to_mimebundle(dict(figure)))
    if image:
        bundle["image/png"] = image
    else:
        text += f". No image: {_Images.problem}"
    return {**bundle, "text/plain": text}


def draw_image(figure: dict[str, Any], sizes: dict[str, Any]) -> bytes:
    """Return a figure as PNG; empty if Kaleido can't draw it."""
    if _Images.problem:
        return b""
    drawn: list[bytes] = []
    problems: list[str] = []

    def draw() -> None:
        try:
            from plotly.io import to_image

            drawn.append(to_image(figure, format="png", validate=False, **sizes))
        except Exception as error:  # noqa: BLE001 - of Kaleido, Chromium or their connection
            problems.append(shorten_problem(error))

    thread = threading.Thread(target=draw, name="kaleido", daemon=True)
    thread.start()
    thread.join(IMAGE_SECONDS)
    if not drawn:
        _Images.problem = (problems or [f"Kaleido took over {IMAGE_SECONDS} s"])[0]
        return b""
    return drawn[0]


def shorten_problem(error: Exception) -> str:
    """Return the first line of an error's message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    if "requires the Kaleido package" in str(error):
        return "the package kaleido is not installed"
    if "Chrome" in str(error):
        return "Kaleido needs Chromium, which is not installed"
    return text[:200]


def describe_figure(figure: dict[str, Any]) -> str:
    """Return one line about a figure."""
    kinds: dict[str, int] = {}
    for trace in figure.get("data") or ():
        kind = str(trace.get("type", "scatter"))
        kinds[kind] = kinds.get(kind, 0) + 1
    title = (figure.get("layout") or {}).get("title") or {}
    title = title.get("text") if isinstance(title, dict) else title
    traces = ", ".join(f"{count} {kind}" for kind, count in list(kinds.items())[:5]) or "no"
    named = f" {str(title)[:100]!r}" if title else ""
    return f"Plotly figure{named} with {traces} trace{'' if sum(kinds.values()) == 1 else 's'}"
