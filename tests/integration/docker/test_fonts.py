"""Images show characters of all scripts, emoji and symbols, and never a box instead."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from cellblock_client import Client
from cellblock_client.client import Session
from tests.support.images import CORE, FULL
from tests.support.server import ServerProcess

# fmt: off
CHARACTERS = [
    "汉", "字", "日", "本", "한", "글", "あ", "ア", "م", "ع", "😀", "🚀", "🤖", "🥳", "⚙", "→",
    "∑", "♥", "★", "א", "ไ", "अ",
]
# fmt: on
DEJAVU = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
UNASSIGNED = "\ue123"
"""Character of the private use area: no font has it."""
PREPARE = f"""
import json, os, warnings
import matplotlib
import matplotlib.pyplot as plt
import numpy
from matplotlib.font_manager import FontProperties

# matplotlib has it since 3.11.
LAST_RESORT = matplotlib.get_data_path() + "/fonts/ttf/LastResortHE-Regular.ttf"

def ink(pixels):
    "What was drawn, without the white around it."
    dark = pixels < 255
    rows, columns = dark.any(axis=1).nonzero()[0], dark.any(axis=0).nonzero()[0]
    if not len(rows):
        return b""
    part = pixels[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
    return repr(part.shape).encode() + part.tobytes()

def drawn(text, **properties):
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        figure = plt.figure(figsize=(1, 1))
        figure.text(0.2, 0.3, text, fontsize=40, **properties)
        figure.canvas.draw()
        pixels = numpy.asarray(figure.canvas.buffer_rgba())[:, :, :3].min(axis=2)
        plt.close(figure)
    return ink(pixels), [str(one.message) for one in given]

def check(text, **properties):
    "What is wrong with a character's picture."
    picture, warned = drawn(text, **properties)
    boxes = {{
        "the box of what no font has": drawn({UNASSIGNED!r}, **properties)[0],
        "nothing": b"",
    }}
    if os.path.exists(LAST_RESORT):
        # It has a box for each script, with a letter of it.
        boxes["the box of its script"] = drawn(
            text, fontproperties=FontProperties(fname=LAST_RESORT))[0]
        with matplotlib.rc_context({{"font.enable_last_resort": False}}):
            boxes["a font's own box"] = drawn({UNASSIGNED!r}, **properties)[0]
    return [name for name, box in boxes.items() if box == picture] + [
        message for message in warned if "missing" in message]

def checked(texts, **properties):
    return json.dumps({{
        text: wrong for text in texts if (wrong := check(text, **properties))}})
"""


@dataclass(frozen=True)
class PlotSetup:
    """Code that runs before a plot, and the properties that it passes with each text."""

    before: str = ""
    properties: str = ""


LOOKS = {
    "no settings": PlotSetup(),
    "seaborn": PlotSetup(before="import seaborn; seaborn.set_theme()"),
    "a font that is there": PlotSetup(properties="fontname='Liberation Sans'"),
    "a font that is not": PlotSetup(properties="fontname='Arial'"),
    "a family": PlotSetup(properties="family='serif'"),
    "bold": PlotSetup(properties="weight='bold'"),
    "a style": PlotSetup(before="plt.style.use('ggplot')"),
    "a setting": PlotSetup(before="plt.rcParams['font.family'] = ['Arial', 'SimHei']"),
}


def wrong(session: Session, code: str) -> dict[str, list[str]]:
    """Return the characters that the check reports, by kind of fault."""
    result = session.run(code)
    assert result.error is None, result.error
    found: dict[str, list[str]] = json.loads(result.stdout)
    return found


@pytest.fixture(scope="module")
def drawing(full_session: Session) -> Session:
    result = full_session.run(PREPARE)
    assert result.error is None, result.error
    return full_session


@pytest.mark.parametrize("look", LOOKS.values(), ids=list(LOOKS))
def test_matplotlib_draws_each_character(drawing: Session, look: PlotSetup) -> None:
    code = f"with matplotlib.rc_context():\n    {look.before or 'pass'}\n"
    code += f"    print(checked({CHARACTERS!r}, {look.properties}))"
    assert wrong(drawing, code) == {}


def test_a_font_by_its_file_has_the_same_fallbacks(server: str) -> None:
    """In a kernel that draws for the first time, before any other font was looked for."""
    code = (
        f"print(json.dumps([check('汉', fontproperties=FontProperties(fname={DEJAVU!r})),"
        " check('字')]))"
    )
    with Client(server) as client, client.sessions.create(image=FULL) as session:
        result = session.run(PREPARE + code)
        assert result.error is None, result.error
        assert json.loads(result.stdout) == [[], []]


def test_characters_do_not_look_alike(drawing: Session) -> None:
    code = f"len({{drawn(text)[0] for text in {CHARACTERS!r}}})"
    assert drawing.run(code).text == str(len(CHARACTERS))


def test_labels_of_an_ordinary_chart_are_complete(drawing: Session) -> None:
    shown = drawing.run(
        "figure, axes = plt.subplots()\n"
        "axes.bar(['汉字', '日本', '한글', 'مرحبا', '😀🚀'], [1, 2, 3, 4, 5])\n"
        "axes.set_title('∑ ♥ ★ → ⚙'); plt.show()"
    )
    assert len(shown.images) == 1
    assert "missing" not in shown.stderr


def test_the_check_finds_a_character_of_no_font(drawing: Session) -> None:
    found = wrong(drawing, f"print(checked([{UNASSIGNED!r}, 'x']))")
    assert list(found) == [UNASSIGNED]
    assert "the box of what no font has" in found[UNASSIGNED]
    assert any("missing" in message for message in found[UNASSIGNED])


@pytest.mark.parametrize(
    ("font", "characters"),
    [
        ("NotoSansCJK-Regular.ttc", "汉字日本한글あア"),
        ("NotoSansArabic-Regular.ttf", "مع"),
        ("NotoEmoji-Regular.ttf", "😀🚀🤖🥳"),
        ("DejaVuSans.ttf", "→∑♥★א"),
    ],
)
def test_pillow_finds_fonts_by_their_names(
    full_session: Session, font: str, characters: str
) -> None:
    code = (
        "from PIL import ImageFont\n"
        f"font = ImageFont.truetype({font!r}, 40)\n"
        "pictures = [bytes(font.getmask(one)) for one in "
        f"{[*characters, UNASSIGNED]!r}]\n"
        "print(len(set(pictures)), all(map(any, pictures[:-1])))"
    )
    result = full_session.run(code)
    assert result.error is None, result.error
    assert result.stdout == f"{len(characters) + 1} True\n"


def test_pillow_joins_arabic_letters(full_session: Session) -> None:
    result = full_session.run(
        "from PIL import ImageFont, features\n"
        "font = ImageFont.truetype('NotoSansArabic-Regular.ttf', 40)\n"
        "word, letters = 'مرحبا', sum(map(font.getlength, 'مرحبا'))\n"
        "print(features.check('raqm'), font.getlength(word) < letters)"
    )
    assert result.stdout == "True True\n"


def test_without_the_fonts_the_check_fails(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server(CELLBLOCK_SANDBOX__IMAGE=CORE)
    with Client(server.address) as client, client.sessions.create() as session:
        result = session.run(PREPARE)
        assert result.error is None, result.error
        found = wrong(session, f"print(checked({CHARACTERS!r}))")
    for character in "汉字日本한글あア🤖🥳ไअ":
        assert "the box of what no font has" in found[character]
        assert any("missing" in message for message in found[character])
    # matplotlib brings DejaVu Sans.
    assert not set("→∑♥★א") & set(found)
