"""Graphviz: graphs as PNG besides SVG, and their source where `dot` is not installed."""

from collections.abc import Iterable
from typing import Any


def adapt(integration: Any) -> None:  # noqa: ANN401 - a module
    """Extend the representations of graphs."""
    graphs = integration.JupyterIntegration
    represent = graphs._repr_mimebundle_

    def represent_with_png(
        self: Any,  # noqa: ANN401
        include: Iterable[str] | None = None,
        exclude: Iterable[str] | None = None,
        **options: Any,  # noqa: ANN401
    ) -> dict[str, Any]:
        from graphviz.backend import ExecutableNotFound

        types = set(include) if include is not None else {self._jupyter_mimetype, "image/png"}
        try:
            return dict(represent(self, types, exclude, **options))
        except ExecutableNotFound:
            problem = "can't be drawn: Graphviz's program 'dot' is not installed"
            return {"text/plain": f"{type(self).__name__} {problem}\n{self.source}"}

    graphs._repr_mimebundle_ = represent_with_png
