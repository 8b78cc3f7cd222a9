"""Font fallback for matplotlib: draws each character that some font of the image has.

matplotlib looks for a glyph in the families of `font.family`, one after the other. A default there
would be lost with the first `seaborn.set_theme()` or `fontname="Arial"`. So the families below
always come after those that code asks for.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

MODULE = "matplotlib.font_manager"
FAMILIES = (
    "DejaVu Sans",
    "Noto Sans CJK SC",
    "Noto Sans Arabic",
    "Noto Emoji",
    "Noto Sans Symbols",
    "Noto Sans Symbols2",
    "Noto Sans Math",
    "Noto Sans",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Sans Bengali",
    "Noto Sans Gurmukhi",
    "Noto Sans Gujarati",
    "Noto Sans Tamil",
    "Noto Sans Telugu",
    "Noto Sans Kannada",
    "Noto Sans Malayalam",
    "Noto Sans Sinhala",
    "Noto Sans Thai",
    "Noto Sans Lao",
    "Noto Sans Khmer",
    "Noto Sans Myanmar",
    "Noto Sans Ethiopic",
    "Noto Sans Georgian",
    "Noto Sans Armenian",
)


class Finder:
    """Import hook that extends matplotlib's font manager once it is loaded."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the module's spec, as the import system asks for each module."""
        if name != MODULE:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_extend(module: ModuleType) -> None:
                load(module)
                extend(module)

            spec.loader.exec_module = load_and_extend  # type: ignore[method-assign]
        return spec


def extend(font_manager: Any) -> None:  # noqa: ANN401 - a module
    """Append the fallback families to all that the font manager finds."""
    manager = font_manager.FontManager
    find = manager._find_fonts_by_props  # noqa: SLF001 - test_fonts.py checks it
    found: dict[tuple[object, ...], list[Any]] = {}

    def find_fonts(self: Any, prop: Any, fontext: str = "ttf", *rest: Any, **named: Any) -> Any:  # noqa: ANN401
        paths = find(self, prop, fontext, *rest, **named)
        if fontext != "ttf":
            return paths
        wanted = font_manager.FontProperties._from_any(prop)  # noqa: SLF001
        look = (wanted.get_style(), wanted.get_weight(), wanted.get_stretch())
        if look not in found:
            found[look] = list(fallbacks(self, *look))
        return paths + [path for path in found[look] if path not in paths]

    def fallbacks(self: Any, style: Any, weight: Any, stretch: Any) -> Any:  # noqa: ANN401
        # Not a copy of what code asks for: that may name a file, which would be found each time.
        wanted = font_manager.FontProperties(style=style, weight=weight, stretch=stretch)
        for family in FAMILIES:
            wanted.set_family(family)
            try:
                yield self.findfont(wanted, fallback_to_default=False)
            except ValueError:
                continue

    manager._find_fonts_by_props = find_fonts  # noqa: SLF001


sys.meta_path.insert(0, Finder())
