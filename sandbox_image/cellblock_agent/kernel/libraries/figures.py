"""Showing matplotlib's figures: each one, and no unchanged one twice in a cell."""

import importlib
import io
import weakref
from typing import Any

from cellblock_agent.kernel.libraries import displays

_shown: "weakref.WeakSet[Any]" = weakref.WeakSet()
"""Figures that this cell has shown."""
_requested: "weakref.WeakSet[Any]" = weakref.WeakSet()
"""Figures whose `show` was called: they are shown at the cell's end, or when they are closed."""


def note_shown(figure: Any) -> None:  # noqa: ANN401 - matplotlib's
    """Remember that a figure was shown as it is now."""
    _shown.add(figure)
    _requested.discard(figure)
    notify = figure.stale_callback
    if getattr(notify, "notes_changes", False):
        return

    def note_change(changed: Any, value: bool) -> None:  # noqa: ANN401 - matplotlib's
        canvas = changed.canvas
        # Drawing changes ticks and other parts, too.
        is_drawing = canvas.is_saving() or getattr(canvas, "_is_idle_drawing", False)
        if value and not is_drawing:
            _shown.discard(changed)
        if notify is not None:
            notify(changed, value)

    note_change.notes_changes = True  # type: ignore[attr-defined]
    figure.stale_callback = note_change


def is_shown(figure: Any) -> bool:  # noqa: ANN401
    """Return whether this cell has shown a figure as it is now."""
    return figure in _shown


def is_shown_figure(value: object) -> bool:
    """Return whether a value of any type is a figure that this cell has shown as it is now."""
    return len(_shown) > 0 and type(value).__module__ == "matplotlib.figure" and is_shown(value)


def forget_shown(*_event: object) -> None:
    """Begin a cell."""
    _shown.clear()


def show_figure(figure: Any, metadata: dict[str, Any] | None = None) -> None:  # noqa: ANN401
    """Show a figure, unless it was shown as it is now."""
    if is_shown(figure):
        return
    if displays.is_child():
        if figure.axes or figure.lines or figure.texts or figure.images:
            buffer = io.BytesIO()
            figure.savefig(buffer, format="png", dpi="figure", bbox_inches="tight")
            displays.show_bundle({"image/png": buffer.getvalue(), "text/plain": str(figure)})
        note_shown(figure)
    else:
        display: Any = importlib.import_module("IPython.display").display
        display(figure, metadata=metadata)


def watch_manager(manager: Any) -> None:  # noqa: ANN401
    """Make `figure.show()` show a figure, also one that is closed before the cell's end."""
    figure = manager.canvas.figure
    destroy = manager.destroy

    def request_show() -> None:
        _requested.add(figure)
        if displays.is_child():
            show_figure(figure)

    def show_and_destroy(*arguments: object) -> None:
        if figure in _requested:
            _requested.discard(figure)
            show_figure(figure)
        destroy(*arguments)

    manager.show, manager.destroy = request_show, show_and_destroy
