"""Images and PDF files as bytes, opened without the libraries with which the sandbox makes them.

PNG and GIF are decoded here (https://www.w3.org/TR/png-3/, https://www.w3.org/Graphics/GIF/),
JPEG and PDF by PDFium.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2  # type: ignore[import-untyped]

PNG_START = b"\x89PNG\r\n\x1a\n"
PNG_CHANNELS = {0: 1, 2: 3, 6: 4}
"""Channels of grey, RGB and RGBA, by their numbers."""


@dataclass(frozen=True)
class Picture:
    """A decoded image: its colours, line after line."""

    width: int
    height: int
    colours: list[tuple[int, ...]]

    def at(self, x: int, y: int) -> tuple[int, ...]:
        """Return the colour of a point: red, green and blue, or the image's other channels."""
        return self.colours[y * self.width + x]


def png(data: bytes) -> Picture:
    """Decode grey, RGB or RGBA with eight bits; assert that every checksum is right."""
    assert data.startswith(PNG_START)
    chunks = list(_chunks(data[len(PNG_START) :]))
    assert [name for name, _ in chunks][:: len(chunks) - 1] == [b"IHDR", b"IEND"]
    width, height, bits, kind, *rest = struct.unpack(">IIBBBBB", chunks[0][1])
    assert (bits, rest) == (8, [0, 0, 0])
    size = PNG_CHANNELS[kind]
    packed = zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT"))
    stride = width * size
    assert len(packed) == height * (stride + 1)
    lines = [bytearray(stride)]
    for start in range(0, len(packed), stride + 1):
        line = bytearray(packed[start + 1 : start + 1 + stride])
        _unfilter(packed[start], line, lines[-1], size)
        lines.append(line)
    flat = b"".join(lines[1:])
    return Picture(width, height, [tuple(flat[at : at + size]) for at in range(0, len(flat), size)])


def gif(data: bytes) -> list[Picture]:
    """Decode a GIF's frames, each of the whole size and with the colours of the file."""
    assert data[:6] in (b"GIF87a", b"GIF89a")
    width, height, flags = struct.unpack("<HHB", data[6:11])
    stream = io.BytesIO(data[13:])
    shared = _palette(stream, flags)
    frames = []
    while (kind := stream.read(1)) != b"\x3b":
        if kind == b"\x21":
            stream.read(1)
            b"".join(_blocks(stream))
            continue
        assert kind == b"\x2c"
        place = struct.unpack("<HHHHB", stream.read(9))
        assert place[:4] == (0, 0, width, height)
        assert not place[4] & 0x40, "interlaced"
        palette = _palette(stream, place[4]) or shared
        (code_bits,) = stream.read(1)
        indices = _lzw(b"".join(_blocks(stream)), code_bits)
        assert len(indices) == width * height
        frames.append(Picture(width, height, [palette[index] for index in indices]))
    return frames


def jpeg(data: bytes) -> Picture:
    """Decode a JPEG with PDFium, as an image on a page."""
    document = pypdfium2.PdfDocument.new()
    try:
        image = pypdfium2.PdfImage.new(document)
        image.load_jpeg(io.BytesIO(data), inline=True)
        bitmap = image.get_bitmap()
        assert bitmap.mode == "BGR"
        flat, stride = bytes(bitmap.buffer), bitmap.stride
        starts = [y * stride + 3 * x for y in range(bitmap.height) for x in range(bitmap.width)]
        colours = [tuple(flat[start : start + 3][::-1]) for start in starts]
        return Picture(bitmap.width, bitmap.height, colours)
    finally:
        document.close()


def pdf(data: bytes) -> list[str]:
    """Return the text of each page."""
    document = pypdfium2.PdfDocument(data)
    try:
        return [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    while data:
        (size,) = struct.unpack(">I", data[:4])
        content, sum_ = data[4 : 8 + size], data[8 + size : 12 + size]
        assert struct.pack(">I", zlib.crc32(content)) == sum_
        yield content[:4], content[4:]
        data = data[12 + size :]


def _unfilter(kind: int, line: bytearray, above: bytearray, size: int) -> None:
    for at, value in enumerate(line):
        left, corner = (line[at - size], above[at - size]) if at >= size else (0, 0)
        guess = left + above[at] - corner
        nearest = min((left, above[at], corner), key=lambda other: abs(guess - other))
        line[at] = (value + (0, left, above[at], (left + above[at]) // 2, nearest)[kind]) % 256


def _palette(stream: io.BytesIO, flags: int) -> list[tuple[int, ...]]:
    if not flags & 0x80:
        return []
    return [tuple(stream.read(3)) for _ in range(2 << (flags & 7))]


def _blocks(stream: io.BytesIO) -> Iterator[bytes]:
    while size := stream.read(1)[0]:
        yield stream.read(size)


def _lzw(data: bytes, code_bits: int) -> bytes:
    clear, end = 1 << code_bits, (1 << code_bits) + 1
    bits, at, width = int.from_bytes(data, "little"), 0, code_bits + 1
    table: list[bytes] = []
    before, out = b"", bytearray()
    while True:
        code = bits >> at & (1 << width) - 1
        at += width
        if code == end:
            return bytes(out)
        if code == clear:
            table = [bytes([value]) for value in range(clear)] + [b"", b""]
            before, width = b"", code_bits + 1
            continue
        known = table[code] if code < len(table) else before + before[:1]
        if before and len(table) < 4096:
            table.append(before + known[:1])
            width += len(table) == 1 << width and width < 12
        before = known
        out += known
