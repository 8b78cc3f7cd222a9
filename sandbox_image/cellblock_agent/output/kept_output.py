"""Complete text of an execution whose events have only a part of it."""

import os

NOTE = "\n[{} more bytes were not kept]\n"


class KeptOutput:
    """Text in a file without a name: user code can neither fill a disk with it nor change it.

    Its bytes count as the sandbox's memory.
    """

    def __init__(self, max_bytes: int) -> None:
        """Keep the first `max_bytes`."""
        self._file: int | None = None
        self._room = max_bytes
        self._omitted = 0
        self.size = 0
        """Number of bytes in the file."""

    def write(self, text: str) -> None:
        """Append text, up to the limit."""
        data = text.encode()
        kept = data[: self._room]
        self._room -= len(kept)
        self._omitted += len(data) - len(kept)
        if kept:
            self._add(kept)

    def finish(self) -> None:
        """Append a note with the number of missing bytes, if there are any."""
        if self._omitted:
            self._add(NOTE.format(self._omitted).encode())

    def read(self, offset: int, size: int) -> bytes:
        """Return bytes from `offset` on; none at the end."""
        return b"" if self._file is None else os.pread(self._file, size, offset)

    def close(self) -> None:
        """Delete the text."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _add(self, data: bytes) -> None:
        if self._file is None:
            self._file = os.memfd_create("output", os.MFD_CLOEXEC)
        while data:
            written = os.write(self._file, data)
            self.size += written
            data = data[written:]
