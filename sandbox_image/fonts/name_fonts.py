"""Makes fonts known by the names that code asks for: of matplotlib, fontconfig and files.

Runs while the image is built, after matplotlib has written its list of fonts. That list gets the
names of `FAMILIES`, fontconfig gets aliases, and Pillow and reportlab get the files of `FILES`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

FAMILIES = {
    # Of the same metrics.
    "Liberation Sans": ("Arial", "Helvetica", "Helvetica Neue", "Nimbus Sans"),
    "Liberation Serif": ("Times New Roman", "Times", "Nimbus Roman"),
    "Liberation Mono": ("Courier New", "Courier", "Nimbus Mono"),
    "Carlito": ("Calibri",),
    "Caladea": ("Cambria",),
    # Of the same script and style.
    "DejaVu Sans": ("Verdana",),
    "WenQuanYi Zen Hei": (
        "SimHei", "SimSun", "Microsoft YaHei", "WenQuanYi Micro Hei", "Heiti SC", "Heiti TC",
        "STHeiti", "PingFang SC", "PingFang HK", "PingFang TC", "Arial Unicode MS",
        "Microsoft JhengHei", "Microsoft YaHei UI", "DengXian", "Hiragino Sans GB", "NSimSun",
        "FangSong", "KaiTi", "STSong", "STKaiti", "Songti SC", "Droid Sans Fallback",
    ),
    "IPAexGothic": (
        "IPAGothic", "MS Gothic", "Yu Gothic", "Meiryo", "Hiragino Sans",
        "Hiragino Kaku Gothic Pro", "Hiragino Maru Gothic Pro", "TakaoGothic", "TakaoPGothic",
        "IPAPGothic", "MS PGothic", "VL Gothic", "Noto Sans JP",
    ),
    "NanumGothic": (
        "Malgun Gothic", "AppleGothic", "NanumBarunGothic", "Batang", "Gulim", "Noto Sans KR",
    ),
    # A collection's first font has the characters of all.
    "Noto Sans CJK JP": (
        "Noto Sans CJK SC", "Noto Sans CJK TC", "Noto Sans CJK HK", "Noto Sans CJK KR",
        "Noto Sans SC", "Noto Sans TC", "Source Han Sans", "Source Han Sans SC",
        "Source Han Sans CN",
    ),
}  # fmt: skip
"""Families that the image has, with the names that they are also known by."""
FONTS = Path("/usr/share/fonts/truetype")
STYLES = {"Regular": "", "Bold": "bd", "Italic": "i", "BoldItalic": "bi"}
"""Styles of files, with the endings of Windows' names."""
FILES = {
    **{
        f"{name}{ending}.ttf": f"{family}-{style}.ttf"
        for name, family in (
            ("arial", "liberation2/LiberationSans"),
            ("times", "liberation2/LiberationSerif"),
            ("cour", "liberation2/LiberationMono"),
            ("verdana", "dejavu/DejaVuSans"),
        )
        for style, ending in STYLES.items()
    },
    "calibri.ttf": "crosextra/Carlito-Regular.ttf",
    "calibrib.ttf": "crosextra/Carlito-Bold.ttf",
    "calibrii.ttf": "crosextra/Carlito-Italic.ttf",
    "calibriz.ttf": "crosextra/Carlito-BoldItalic.ttf",
    "Arial.ttf": "liberation2/LiberationSans-Regular.ttf",
    "Helvetica.ttf": "liberation2/LiberationSans-Regular.ttf",
    "Times New Roman.ttf": "liberation2/LiberationSerif-Regular.ttf",
    "Courier New.ttf": "liberation2/LiberationMono-Regular.ttf",
    "verdana.ttf": "dejavu/DejaVuSans.ttf",
    "simhei.ttf": "wqy/wqy-zenhei.ttc",
    "SimHei.ttf": "wqy/wqy-zenhei.ttc",
    "simsun.ttc": "wqy/wqy-zenhei.ttc",
    "msyh.ttc": "wqy/wqy-zenhei.ttc",
    "malgun.ttf": "nanum/NanumGothic.ttf",
    "msgothic.ttc": "../opentype/ipaexfont-gothic/ipaexg.ttf",
}
"""Names of files that code opens, with the files of the image, relative to `FONTS`."""


def main() -> None:
    """Write all names."""
    (fonts,) = Path("/opt/cellblock/matplotlib").glob("fontlist-*.json")
    known = json.loads(fonts.read_text())
    known["ttflist"] += list(renamed(known["ttflist"]))
    fonts.write_text(json.dumps(known))
    names = FONTS / "names"
    names.mkdir()
    for name, file in FILES.items():
        if (FONTS / file).is_file():
            (names / name).symlink_to(FONTS / file)
    # The path under which other systems have them.
    (FONTS / "liberation").symlink_to("liberation2")
    Path("/etc/fonts/local.conf").write_text(fontconfig())


def renamed(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield an entry of matplotlib's list for each further name of a font."""
    known = {entry["name"] for entry in entries}
    for family, names in FAMILIES.items():
        for name in names:
            if name not in known:
                yield from ({**entry, "name": name} for entry in entries if entry["name"] == family)


def fontconfig() -> str:
    """Return fontconfig's aliases; the files of `FILES` are fonts that it knows already."""
    aliases = "".join(
        f'<alias binding="same"><family>{escape(name)}</family>'
        f"<accept><family>{escape(family)}</family></accept></alias>\n"
        for family, names in FAMILIES.items()
        for name in names
    )
    rejected = "".join(f"<glob>{FONTS}/{folder}/*</glob>" for folder in ("names", "liberation"))
    return (
        '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">\n'
        f"<fontconfig>\n<selectfont><rejectfont>{rejected}</rejectfont></selectfont>\n"
        f"{aliases}</fontconfig>\n"
    )


if __name__ == "__main__":
    main()
