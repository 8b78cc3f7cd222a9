"""Bokeh: `show` displays a plot as a page, and saves the file of `output_file`."""

from typing import Any

from cellblock_agent.kernel.libraries import displays

NO_IMAGE = "Bokeh plot as HTML. Bokeh draws in a browser: for an image use matplotlib."


def adapt(showing: Any) -> None:  # noqa: ANN401 - a module
    """Replace the part of `show` that opens a browser or loads BokehJS into a page."""
    if not displays.is_foreign():
        showing._show_with_state = show_plot  # noqa: SLF001 - corpus programs check it


def show_plot(plot: Any, state: Any, *_arguments: object, **_options: object) -> None:  # noqa: ANN401
    """Show a plot, which is not an application."""
    from bokeh.embed import file_html
    from bokeh.io import save
    from bokeh.resources import CDN

    text = NO_IMAGE
    if state.file:
        text += f" Saved as {save(plot, state=state)}."
    displays.show_bundle({"text/html": file_html(plot, CDN), "text/plain": text})
