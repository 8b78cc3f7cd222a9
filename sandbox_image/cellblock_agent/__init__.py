"""The agent: PID 1 of a sandbox. Starts kernels, journals what they say, moves files.

Start at `__main__.py`; `service.py` is where the server's calls enter.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("cellblock")
except PackageNotFoundError:
    # In the image the package is copied in without its distribution's metadata.
    VERSION = "image"
