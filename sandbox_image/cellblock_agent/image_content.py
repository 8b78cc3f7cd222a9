"""Content of the image: packages, programs, fonts and locales, found at the time of the call.

Imported when the server asks, which it does in sandboxes of its own: no session pays for it. An
image that an operator derived from ours is described as it is.
"""

import json
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from importlib.metadata import distributions
from pathlib import Path

from cellblock.agent.v1 import agent_pb2 as pb

MAX_ITEMS = 5_000
"""Maximum number of packages, fonts or locales of a kind."""
MAX_CHARACTERS = 200
"""Maximum length of a name or version."""
SECONDS = 20.0
"""Longest time that a program may take to list fonts or locales."""
OS_RELEASE = Path("/etc/os-release")
DEBIAN_STATUS = Path("/var/lib/dpkg/status")
FONTS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("/opt/cellblock/fonts"))
MATPLOTLIB = Path("/opt/cellblock/matplotlib")
"""Directory of matplotlib's list of fonts, which the image's build writes."""
STYLE = re.compile(
    r"[-_ ](Regular|Bold|Italic|Oblique|Medium|Light|Black|Book|Thin|Roman|VF|BoldItalic|"
    r"BoldOblique|LightOblique|Variable).*",
    re.IGNORECASE,
)
PROGRAMS = (
    "7z", "abiword", "antiword", "asy", "awk", "bash", "bc", "chromium", "clang", "cmake",
    "convert", "curl", "dot", "espeak-ng", "exiftool", "fc-list", "ffmpeg", "ffprobe", "file",
    "g++", "gawk", "gcc", "gdb", "gfortran", "git", "gnuplot", "go", "gs", "gzip", "inkscape",
    "java", "javac", "jq", "julia", "latex", "lualatex", "magick", "make", "mutool", "node", "npm",
    "octave", "pandoc", "pdflatex", "pdfinfo", "pdftoppm", "pdftotext", "perl", "php", "qpdf", "R",
    "rg", "rsvg-convert", "ruby", "rustc", "sed", "soffice", "sox", "sqlite3", "tar", "tesseract",
    "tree", "typst", "unrar", "unzip", "wget", "wkhtmltopdf", "xelatex", "xz", "zip",
)  # fmt: skip
"""Programs that code calls."""


def image_content() -> pb.DescribeImageResponse:
    """Return the content of the image. It takes some tenths of a second."""
    return pb.DescribeImageResponse(
        python_version=platform.python_version(),
        system=_system(),
        python_packages=_packages(_python_packages()),
        system_packages=_packages(_debian_packages(_text_of(DEBIAN_STATUS))),
        programs=[name for name in PROGRAMS if shutil.which(name)],
        fonts=_names(_fonts()),
        locales=_names(_lines_of("locale", "-a")),
    )


def _system() -> str:
    found = re.search(r'^PRETTY_NAME="?([^"\n]*)', _text_of(OS_RELEASE), re.MULTILINE)
    return found[1][:MAX_CHARACTERS] if found else platform.system()


def _python_packages() -> Iterator[tuple[str, str]]:
    for package in distributions():
        # A damaged package has no metadata.
        metadata = package.metadata
        yield str(metadata["Name"] or ""), str(metadata["Version"] or "")


def _debian_packages(status: str) -> Iterator[tuple[str, str]]:
    """Yield names and versions of a package database in dpkg's format."""
    for paragraph in status.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Version|Status): (.*)$", paragraph, re.MULTILINE))
        if fields.get("Status", "").endswith(" installed"):
            yield fields.get("Package", ""), fields.get("Version", "")


def _fonts() -> Iterable[str]:
    """Return families of fonts: those of fontconfig and matplotlib, or else by names of files."""
    found = [line.split(",")[0] for line in _lines_of("fc-list", ":", "family")]
    for path in MATPLOTLIB.glob("fontlist-*.json"):
        # Those that matplotlib brings have relative paths; no other library finds them.
        listed = json.loads(_text_of(path) or "{}").get("ttflist", [])
        found += [font["name"] for font in listed if font["fname"].startswith("/")]
    if found:
        return found
    files = (path for folder in FONTS for path in folder.rglob("*.[tToO][tT][fFcC]"))
    return (STYLE.sub("", path.stem) for path in files)


def _packages(found: Iterable[tuple[str, str]]) -> list[pb.Package]:
    unique = {name[:MAX_CHARACTERS]: version[:MAX_CHARACTERS] for name, version in found if name}
    ordered = sorted(unique.items(), key=lambda item: item[0].lower())
    return [pb.Package(name=name, version=version) for name, version in ordered[:MAX_ITEMS]]


def _names(found: Iterable[str]) -> list[str]:
    unique = {name.strip()[:MAX_CHARACTERS] for name in found} - {""}
    return sorted(unique, key=str.lower)[:MAX_ITEMS]


def _lines_of(*command: str) -> list[str]:
    """Return the lines that a program writes; none if it is missing or fails."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            command, capture_output=True, check=True, timeout=SECONDS, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return done.stdout.decode("utf-8", "replace").splitlines()


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
