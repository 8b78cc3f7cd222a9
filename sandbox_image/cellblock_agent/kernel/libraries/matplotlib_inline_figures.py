"""The inline backend: figures as PNG, whatever else, and no unchanged figure twice."""

from collections.abc import Callable
from typing import Any

from cellblock_agent.kernel.libraries import displays, figures

IMAGE_FORMATS = frozenset({"png", "png2x", "retina", "jpg", "jpeg"})
"""Formats that a run step can show."""


def adapt(backend: Any) -> None:  # noqa: ANN401 - a module
    """Adapt how the inline backend shows figures, and which formats it uses."""
    from IPython.core import pylabtools

    if displays.is_foreign() or not displays.has_shell():
        return
    select: Any = pylabtools.select_figure_formats

    def select_figure_formats(shell: Any, formats: Any, **options: Any) -> None:  # noqa: ANN401
        wanted = {formats} if isinstance(formats, str) else set(formats)
        select(shell, wanted if wanted & IMAGE_FORMATS else wanted | {"png"}, **options)
        for formatter in shell.display_formatter.formatters.values():
            printers = formatter.type_printers
            if backend.Figure in printers and formatter.format_type != "text/plain":
                printers[backend.Figure] = noting(printers[backend.Figure])

    backend.display = figures.show_figure
    # The configuration of the backend imports it from there.
    backend.select_figure_formats = pylabtools.select_figure_formats = select_figure_formats
    # Its import selected the formats of the first figures before it was adapted.
    if displays.is_kernel() and hasattr(backend.configure_inline_support, "current_backend"):
        config = backend.InlineBackend.instance()
        select_figure_formats(
            backend.get_ipython(), config.figure_formats, **config.print_figure_kwargs
        )


def noting(print_figure: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a printer that remembers which figures were shown."""

    def print_and_note(figure: Any) -> Any:  # noqa: ANN401
        data = print_figure(figure)
        if data is not None:
            figures.note_shown(figure)
        return data

    return print_and_note
