"""Reading of /proc and /sys before each execution, without the cost of file objects."""

import os

MAX_BYTES = 4096
"""Maximum bytes of one file; each that is read is much shorter."""


def read_pseudo_file(path: str) -> bytes:
    """Return the beginning of a file. Raises OSError."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, MAX_BYTES)
    finally:
        os.close(file)
