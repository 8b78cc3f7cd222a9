"""Import hook that adapts libraries when code imports them, and imports nothing before.

It is installed in kernels, and by the image in each Python program that code starts there.
"""

import importlib
import sys
import warnings
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

ADAPTERS = {
    "PIL.ImageShow": "pillow_viewer",
    "altair.vegalite.v5.display": "altair_charts",
    "altair.vegalite.v6.display": "altair_charts",
    "bokeh.io.showing": "bokeh_plots",
    "cv2": "opencv_windows",
    "graphviz.jupyter_integration": "graphviz_graphs",
    "matplotlib.font_manager": "matplotlib_fonts",
    "matplotlib.pyplot": "matplotlib_pyplot",
    "matplotlib_inline.backend_inline": "matplotlib_inline_figures",
    "plotly.io._renderers": "plotly_renderers",
}
"""Module of a library, and the module of this package that adapts it."""


class AdaptingFinder:
    """Finder that leaves finding to the others, and adapts what they find."""

    def __init__(self) -> None:
        """Adapt no module yet."""
        self._in_progress: set[str] = set()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the module's spec, as the import system asks for each module."""
        # OpenCV imports itself again while it is imported.
        if name not in ADAPTERS or name in self._in_progress:
            return None
        self._in_progress.add(name)
        try:
            spec = find_by_others(self, name, path, target)
        finally:
            self._in_progress.discard(name)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_adapt(module: ModuleType) -> None:
                self._in_progress.add(name)
                try:
                    load(module)
                finally:
                    self._in_progress.discard(name)
                adapt_module(module, ADAPTERS[name])

            spec.loader.exec_module = load_and_adapt  # type: ignore[method-assign]
        return spec


def find_by_others(
    own: AdaptingFinder, name: str, path: Sequence[str] | None, target: ModuleType | None
) -> ModuleSpec | None:
    """Return the spec that the first of the other finders returns."""
    for finder in list(sys.meta_path):
        spec = None if finder is own else finder.find_spec(name, path, target)
        if spec is not None:
            return spec
    return None


def adapt_module(module: ModuleType, adapter: str) -> None:
    """Adapt a module; one of an unknown version, or that code replaced, stays as it is."""
    try:
        importlib.import_module(f"{__package__}.{adapter}").adapt(module)
    except (AttributeError, ImportError, TypeError) as error:
        warnings.warn(f"{module.__name__} is not adapted to this kernel: {error}", stacklevel=2)


def install() -> None:
    """Install the hook, and the rule for warnings, in this process."""
    if not any(isinstance(finder, AdaptingFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, AdaptingFinder())
        warnings.showwarning = show_warning


def show_warning(*warning: Any, **options: Any) -> None:  # noqa: ANN401 - Python's
    """Show a warning, as `warnings.showwarning`; the rule is imported with the first one."""
    from cellblock_agent.kernel.libraries.warning_rule import show_useful_warning

    show_useful_warning(*warning, **options)
