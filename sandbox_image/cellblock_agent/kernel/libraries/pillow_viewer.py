"""Pillow: `image.show()` shows the image in the execution, whichever programs are installed."""

import io
from typing import Any

from cellblock_agent.kernel.libraries import displays


def adapt(image_show: Any) -> None:  # noqa: ANN401 - a module
    """Register a viewer before all others."""

    class ExecutionViewer(image_show.Viewer):  # type: ignore[misc]
        """Viewer that shows images as displays."""

        def show(self, image: Any, **_options: Any) -> int:  # noqa: ANN401
            """Show an image."""
            plain = image if image.mode in PNG_MODES else image.convert("RGB")
            buffer = io.BytesIO()
            plain.save(buffer, format="PNG")
            displays.show_bundle({"image/png": buffer.getvalue(), "text/plain": repr(image)})
            return 1

    if not displays.is_foreign():
        image_show.register(ExecutionViewer(), 0)


PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")
