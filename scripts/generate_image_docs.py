"""Write docs/reference/sandbox-image.md from what the images are locked to.

python scripts/generate_image_docs.py
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "sandbox_image"
TARGET = ROOT / "docs" / "reference" / "sandbox-image.md"
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
HEAD = f"""\
# Sandbox image

<!-- Made by `make docs` from sandbox_image/ and scripts/generate_image_docs.py. -->

The packages, programs and fonts that code can use in a session. `cellblock image describe` prints
those of any image as [text for a prompt](../guides/models.md#tell-the-model-about-the-sandbox).
There are two images, from one Dockerfile:

| target | image | size | build time | contents |
| --- | --- | --- | --- | --- |
| `full` | `cellblock-sandbox:{VERSION}` | 1.5 GB | 3 min | data stack, documents, fonts |
| `core` | `cellblock-sandbox:{VERSION}-core` | 0.6 GB | 1 min | the agent and the data stack |

Sizes are those of `docker images`, with a base of Debian packages (220 MB). An idle
session uses 137 MB of memory with the core image, 146 MB with the full one.

`make image` builds the full one, `make images` both, if something has changed.
The base is the official Python image, pinned by digest. Every package from PyPI and
Debian is locked with its hash. `make lock` renews the locks; a build fails if a locked Debian
version is gone.

## File formats

| format | with |
| --- | --- |
| `.csv` `.json` `.xml` `.html` | pandas, lxml, beautifulsoup4, html5lib |
| `.xlsx` `.xls` `.ods` | openpyxl, xlsxwriter (to write), xlrd, python-calamine |
| `.parquet` and other columns | pyarrow |
| `.docx` `.pptx` | python-docx, python-pptx |
| `.doc` | the program `antiword`: `subprocess.run(["antiword", path])`; olefile |
| `.rtf` | striprtf |
| `.pdf` | pypdf, pdfplumber; reportlab and matplotlib to write |
| `.png` `.jpeg` `.gif` and other images | pillow, imageio, opencv |
| `.md` | markdown |
| `.zip` `.tar` | Python's own |
| source code, `.tex` `.txt` | as text |

A test opens each of the 29 formats of the Assistants API's table, and writes twelve of them.

## Fonts

matplotlib draws Chinese, Japanese, Korean, Arabic, Hebrew, Indic and other scripts, emoji and
symbols, whatever font the code requests: missing characters come from Noto. Arabic letters are
joined. Emoji have one colour: matplotlib can't draw coloured ones. Pillow finds the same fonts by
the names of their files, such as `NotoSansCJK-Regular.ttc`.

## Adding packages

Derive an image of your own:

```dockerfile
FROM cellblock-sandbox:{VERSION}
USER 0
RUN pip install --no-cache-dir duckdb==2.0.0
```

Build it with `docker build -t my-sandbox .`, and set `sandbox.image` to its name, or add it to
`sandbox.allowed_images` so that sessions can ask for it. The server starts each container as a user
of its own (`sandbox.users`), whatever the image says. pip keeps the installed versions, because the
agent needs them.
"""


def reference() -> str:
    """Return the whole document."""
    core = dict(PINNED.findall((SOURCES / "requirements-core.txt").read_text()))
    full = dict(PINNED.findall((SOURCES / "requirements-full.txt").read_text()))
    parts = [HEAD, "\n## Python packages\n\n| package | version | core |\n| --- | --- | --- |\n"]
    parts += [
        f"| {name} | {version} | {'yes' if name in core else ''} |\n"
        for name, version in sorted(full.items(), key=lambda item: item[0].lower())
    ]
    parts.append("\n## Debian packages and fonts\n\nThe full image only.\n\n")
    parts.append("| package | version |\n| --- | --- |\n")
    for line in (SOURCES / "debian.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, version, _hash = line.split()
            parts.append(f"| {name} | {version} |\n")
    parts.append("| Noto Emoji, from sandbox_image/fonts | 3.006 |\n")
    return "".join(parts)


if __name__ == "__main__":
    TARGET.write_text(reference())
