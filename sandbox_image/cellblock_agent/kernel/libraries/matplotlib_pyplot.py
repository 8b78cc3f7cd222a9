"""Backends of matplotlib: whichever code selects, its figures are shown.

Backends that open windows or need a notebook's page are replaced by the inline backend. Those that
write files (Agg, SVG, PDF…) are kept, with the inline backend's way to show figures.
"""

import functools
import importlib
import sys
from typing import Any

from cellblock_agent.kernel.libraries import displays, figures, warning_rule

INLINE = "module://matplotlib_inline.backend_inline"
FILE_BACKENDS = frozenset({"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"})
WINDOW_BACKENDS = frozenset(
    {
        *("gtk", "gtk3", "gtk3agg", "gtk3cairo", "gtk4", "gtk4agg", "gtk4cairo", "macosx", "osx"),
        *("ipympl", "nbagg", "notebook", "webagg", "widget", "module://ipympl.backend_nbagg"),
        *("qt", "qt5", "qt5agg", "qt5cairo", "qt6", "qtagg", "qtcairo", "tk", "tkagg", "tkcairo"),
        *("wx", "wxagg", "wxcairo", "auto", "inline", INLINE),
    }
)
"""Backends that open windows or need a notebook's page, and names of the inline backend."""


def adapt(pyplot: Any) -> None:  # noqa: ANN401 - a module
    """Show the figures of each backend that `pyplot` selects."""
    switch = pyplot.switch_backend

    @functools.wraps(switch)
    def switch_backend(newbackend: Any) -> None:  # noqa: ANN401 - a name, or matplotlib's sentinel
        if displays.is_kernel():
            switch(choose_backend(newbackend, INLINE))
            adapt_backend(pyplot)
            enable_flush()
        elif displays.is_child():
            # Without IPython, whose import takes longer than a plot.
            switch(choose_backend(newbackend, "agg"))
            adapt_backend(pyplot)
        else:
            switch(newbackend)

    pyplot.switch_backend = switch_backend


def choose_backend(wanted: object, shown_with: str) -> Any:  # noqa: ANN401
    """Return the backend to use, which is `shown_with` for all that need a screen or a page."""
    needs_screen = not isinstance(wanted, str) or wanted.lower() in WINDOW_BACKENDS
    return shown_with if needs_screen else wanted


def adapt_backend(pyplot: Any) -> None:  # noqa: ANN401
    """Let the backend that was selected just now show its figures."""
    backend = pyplot._backend_mod  # noqa: SLF001 - corpus programs check it
    create, create_given = backend.new_figure_manager, backend.new_figure_manager_given_figure

    def new_figure_manager(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        return adapt_manager(create(*arguments, **options))

    def new_figure_manager_given_figure(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        return adapt_manager(create_given(*arguments, **options))

    backend.new_figure_manager = new_figure_manager
    backend.new_figure_manager_given_figure = new_figure_manager_given_figure
    backend.show = functools.partial(show_all, pyplot)


def adapt_manager(manager: Any) -> Any:  # noqa: ANN401
    """Let a new figure be shown, at the latest at the cell's end."""
    if not getattr(manager, "is_watched", False):
        manager.is_watched = True
        figures.watch_manager(manager)
        if displays.is_kernel():
            queue_figure(manager.canvas.figure)
    return manager


def queue_figure(figure: Any) -> None:  # noqa: ANN401
    """Have the inline backend show a figure at the cell's end, unless `plt.ioff()` was called."""
    import matplotlib as mpl

    backend_inline = inline_backend()
    queue = backend_inline.show._to_draw  # noqa: SLF001
    if mpl.is_interactive() and figure not in queue:
        queue.append(figure)
        backend_inline.show._draw_called = True  # noqa: SLF001


def show_all(pyplot: Any, *arguments: object, **options: Any) -> None:  # noqa: ANN401
    """Show all open figures, and close them: `pyplot.show`."""
    if displays.is_kernel():
        inline_backend().show(close=options.get("close"))
        return
    for number in pyplot.get_fignums():
        figures.show_figure(pyplot.figure(number))
    if displays.is_child() and options.get("block", (*arguments, None)[0]) is not False:
        pyplot.close("all")


def enable_flush() -> None:
    """Have open figures shown at the end of each cell, as with the inline backend."""
    import matplotlib as mpl
    from IPython.core.getipython import get_ipython

    backend_inline = inline_backend()
    shell: Any = get_ipython()
    if backend_inline.flush_figures not in shell.events.callbacks["post_execute"]:
        mpl.interactive(True)
        backend_inline.configure_inline_support(shell, INLINE)
    for forget in (figures.forget_shown, warning_rule.forget_glyphs):
        shell.events.register("pre_run_cell", forget)


def inline_backend() -> Any:  # noqa: ANN401 - a module
    """Return the module of the inline backend."""
    return importlib.import_module("matplotlib_inline.backend_inline")


def select_backend(name: str) -> None:
    """Select a backend that writes files, for `%matplotlib agg`."""
    sys.modules["matplotlib.pyplot"].switch_backend(name)
