"""Images as sixels: rows of six dots, one colour after the other.

Source: DEC VT330/VT340 Programmer Reference Manual, volume 2, chapter 14.
"""

import io
from collections.abc import Iterator
from itertools import groupby

from PIL import Image, UnidentifiedImageError

COLOURS = 255
BAND = 6
"""Rows of dots in a row of sixels."""
MAX_PIXELS = 16 * 2**20
"""Maximum pixels of an image that is decoded, because it comes from a sandbox."""
MAX_WIDTH, MAX_HEIGHT = 800, 600
"""Size over which an image is drawn smaller: the terminal's width in dots is unknown."""
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")


def sixel(data: bytes) -> str:
    """Encode an image for a terminal; empty if it can't be decoded."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                return ""
            return "".join(_drawn(_on_white(image))) + "\n"
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        ValueError,
        SyntaxError,
    ):
        # The data is not an image, or only part of one.
        return ""


def _on_white(image: Image.Image) -> Image.Image:
    """Reduce colours, size and transparency: most plots are black on a transparent ground."""
    whole = image.convert("RGBA")
    whole.thumbnail((MAX_WIDTH, MAX_HEIGHT))
    white = Image.new("RGBA", whole.size, "white")
    return Image.alpha_composite(white, whole).convert("RGB").quantize(COLOURS)


def _drawn(image: Image.Image) -> Iterator[str]:
    width, height = image.size
    dots = image.tobytes()
    yield f'\x1bPq"1;1;{width};{height}'
    palette = image.getpalette() or []
    for number in sorted(set(dots)):
        red, green, blue = (
            round(part * 100 / 255) for part in palette[3 * number : 3 * number + 3]
        )
        yield f"#{number};2;{red};{green};{blue}"
    for top in range(0, height, BAND):
        yield from _band(dots[top * width : (top + BAND) * width], width)
        yield "-"
    yield "\x1b\\"


def _band(dots: bytes, width: int) -> Iterator[str]:
    """Encode a row of sixels: for each colour, which of the six dots of each column have it."""
    columns: dict[int, bytearray] = {}
    for place, colour in enumerate(dots):
        row, column = divmod(place, width)
        if colour not in columns:
            columns[colour] = bytearray(width)
        columns[colour][column] |= 1 << row
    for number, bits in columns.items():
        yield f"#{number}"
        for value, run in groupby(bits):
            yield f"!{len(list(run))}{chr(63 + value)}"
        yield "$"
