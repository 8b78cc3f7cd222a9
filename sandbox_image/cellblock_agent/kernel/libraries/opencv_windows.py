"""OpenCV: its windows need a screen, and the error says what to do instead."""

import functools
from collections.abc import Callable
from typing import Any

FUNCTIONS = (
    *("createTrackbar", "destroyAllWindows", "destroyWindow", "imshow", "moveWindow"),
    *("namedWindow", "resizeWindow", "selectROI", "selectROIs", "setMouseCallback"),
    *("waitKey", "waitKeyEx"),
)
ADVICE = (
    "cv2.{}: there is no screen here. Show an image with plt.imshow(cv2.cvtColor(image,"
    " cv2.COLOR_BGR2RGB)) and plt.show(), or save it with cv2.imwrite()."
)


def adapt(cv2: Any) -> None:  # noqa: ANN401 - a module
    """Replace the error of functions that need a screen."""
    for name in FUNCTIONS:
        function = getattr(cv2, name, None)
        if function is not None and not hasattr(function, "__wrapped__"):
            setattr(cv2, name, advise(cv2, name, function))


def advise(cv2: Any, name: str, function: Callable[..., Any]) -> Callable[..., Any]:  # noqa: ANN401
    """Return a function whose failure for lack of a screen is one clear line."""

    @functools.wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        try:
            return function(*arguments, **options)
        except cv2.error as error:
            if "not implemented" not in str(error) and "NULL window" not in str(error):
                raise
        raise cv2.error(ADVICE.format(name))

    return call
