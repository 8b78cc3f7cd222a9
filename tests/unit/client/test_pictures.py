"""Images are drawn with the terminal's protocol, and other data is not drawn."""

import io
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from cellblock_client.cli.pictures import iterm, kitty, picture_drawer, sixels
from cellblock_client.cli.sixel import MAX_HEIGHT, MAX_WIDTH
from cellblock_client.errors import Error

RED, BLUE = (255, 0, 0), (0, 0, 255)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def home_variables(tmp_path: Path) -> Mapping[str, str]:
    return {"CELLBLOCK_CONFIG": str(tmp_path / "config.toml")}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"TERM": "xterm-kitty"}, kitty),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "ghostty"}, kitty),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, iterm),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, iterm),
        ({"TERM": "foot"}, sixels),
        ({"TERM": "mlterm-256color"}, sixels),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "iTerm.app"}, None),
        ({"TERM": "xterm", "CELLBLOCK_PICTURES": "sixel"}, sixels),
        ({"TERM": "foot", "CELLBLOCK_PICTURES": "off"}, None),
        ({"TERM": "foot", "CELLBLOCK_PICTURES": "auto"}, sixels),
    ],
)
def test_protocol_comes_from_the_environment_or_the_setting(
    home_variables: Mapping[str, str], variables: dict[str, str], expected: object
) -> None:
    assert picture_drawer(Terminal(), {**home_variables, **variables}) is expected
    assert picture_drawer(io.StringIO(), {**home_variables, **variables}) is None


def test_unknown_setting_is_refused(home_variables: Mapping[str, str]) -> None:
    with pytest.raises(Error, match="CELLBLOCK_PICTURES: pictures: must be one of auto"):
        picture_drawer(Terminal(), {**home_variables, "CELLBLOCK_PICTURES": "ascii"})


def png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def test_sixels_keep_the_colour_of_each_pixel() -> None:
    picture = Image.new("RGB", (5, 8), RED)
    picture.paste(BLUE, (1, 2, 4, 7))
    drawn = decoded(sixels(png(picture)))
    assert drawn == {(x, y): picture.getpixel((x, y)) for x in range(5) for y in range(8)}


def test_transparent_pixels_become_white() -> None:
    assert set(decoded(sixels(png(Image.new("RGBA", (2, 2))))).values()) == {(255, 255, 255)}


def test_large_image_is_drawn_smaller() -> None:
    drawn = sixels(png(Image.new("RGB", (2000, 1000), RED)))
    assert f'"1;1;{MAX_WIDTH};{400}' in drawn
    assert MAX_HEIGHT >= 400


@pytest.mark.parametrize("size", [(5000, 5000), (20_000, 20_000)])
def test_image_with_too_many_pixels_is_not_decoded(size: tuple[int, int]) -> None:
    header = png(Image.new("1", size))[:100]
    assert sixels(header) == ""


@pytest.mark.parametrize("data", [b"", b"text", b"<svg/>", b"\x89PNG\r\n\x1a\n", b"GIF89a"])
def test_other_data_is_not_drawn(data: bytes) -> None:
    assert sixels(data) == ""


def decoded(text: str) -> dict[tuple[int, int], tuple[int, ...]]:
    """Return the pixels of a sixel image."""
    body = text.removeprefix("\x1bPq").removesuffix("\x1b\\\n")
    colours: dict[str, tuple[int, ...]] = {}
    dots: dict[tuple[int, int], tuple[int, ...]] = {}
    x, top, colour = 0, 0, ""
    tokens = r'"[\d;]+|#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)(.)|([$-])'
    for found in re.finditer(tokens, body):
        new, red, green, blue, chosen, count, sign, move = found.groups()
        if new:
            colours[new] = tuple(round(int(part) * 2.55) for part in (red, green, blue))
        elif chosen:
            colour = chosen
        elif count:
            for column in range(x, x + int(count)):
                for row in range(6):
                    if ord(sign) - 63 >> row & 1:
                        dots[column, top + row] = colours[colour]
            x += int(count)
        elif move:
            x, top = 0, top + 6 * (move == "-")
    return dots
