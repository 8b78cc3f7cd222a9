"""Sandbox agent: PID 1 of a sandbox. Starts kernels, stores their events, transfers files.

Start at `__main__.py`; `service.py` receives the server's calls.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("cellblock")
except PackageNotFoundError:
    # In the image the package is copied in without its distribution's metadata.
    VERSION = "image"
