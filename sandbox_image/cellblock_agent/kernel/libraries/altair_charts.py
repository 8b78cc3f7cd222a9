"""Altair: charts as PNG besides their specification, with every renderer."""

from typing import Any

from cellblock_agent.kernel.libraries import displays

RENDERERS = (
    *("browser", "colab", "default", "html", "jupyter", "jupyterlab", "kaggle", "mimetype"),
    *("nteract", "olli", "zeppelin"),
)


def adapt(display: Any) -> None:  # noqa: ANN401 - a module
    """Replace the renderers that need a page."""
    if displays.is_foreign():
        return
    registry = display.renderers
    active = registry.active

    def render(spec: dict[str, Any], **_options: Any) -> dict[str, Any]:  # noqa: ANN401
        return chart_bundle(display, spec)

    def render_in_browser(spec: dict[str, Any], **_options: Any) -> dict[str, Any]:  # noqa: ANN401
        # Altair shows nothing itself with this renderer.
        displays.show_bundle(chart_bundle(display, spec))
        return {}

    for name in RENDERERS:
        if name in registry.names():
            registry.register(name, render_in_browser if name == "browser" else render)
    registry.enable(active)


def chart_bundle(display: Any, spec: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """Return a chart's specification, page and, with vl-convert, image."""
    bundle = representations(display.mimetype_renderer(spec))
    bundle.update(representations(display.html_renderer(spec)))
    bundle.pop("text/plain", None)
    try:
        image = display.png_renderer(spec)
    except (ImportError, ValueError) as error:
        bundle["text/plain"] = f"Altair chart. No image: {str(error).strip().splitlines()[0]}"
    else:
        bundle.update(representations(image))
        bundle["text/plain"] = "Altair chart"
    return bundle


def representations(rendered: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return what a renderer of Altair returns, without metadata."""
    return dict(rendered[0] if isinstance(rendered, tuple) else rendered)
