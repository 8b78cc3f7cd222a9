"""Small images of given sizes."""

import struct

GIF_END = (
    b"\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)


def gif(width: int, height: int) -> bytes:
    """Return a GIF whose header has this size."""
    return b"GIF89a" + struct.pack("<HH", width, height) + GIF_END
