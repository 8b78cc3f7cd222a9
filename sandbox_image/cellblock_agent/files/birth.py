"""Birth time of files: some file systems reuse an inode's number immediately.

Source: statx(2). Python's `os.stat` does not return it on Linux.
"""

import ctypes
import struct

AT_SYMLINK_NOFOLLOW = 0x100
STATX_BTIME = 0x800
STATX_BYTES = 256
BIRTH_OFFSET = 80
"""Offset of `stx_btime`: 64 bits of seconds, 32 of nanoseconds. `stx_mask` is at 0, 32 bits."""

libc = ctypes.CDLL(None, use_errno=True)


def birth_ns(folder: int, name: str) -> int | None:
    """Return a file's birth time in nanoseconds since 1970; None if it is gone or unknown."""
    found = ctypes.create_string_buffer(STATX_BYTES)
    path = name.encode("utf-8", "surrogateescape")
    if not hasattr(libc, "statx"):
        return None
    if libc.statx(folder, path, AT_SYMLINK_NOFOLLOW, STATX_BTIME, found) != 0:
        return None
    if not struct.unpack_from("=I", found)[0] & STATX_BTIME:
        return None
    seconds, nanoseconds = struct.unpack_from("=qI", found, BIRTH_OFFSET)
    return int(seconds) * 10**9 + int(nanoseconds)
