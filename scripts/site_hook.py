"""MkDocs hook: links that work in a checkout work on the site as well.

The documents are read in a checkout or on a code host, where README.md is the first page and links
lead to any file. The site has the pages of the repository's root beside those of docs/, and no
other files: a link to a source file becomes its path. A link to what is not there fails the build.
"""

import posixpath
import re
from collections.abc import Callable
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
PAGES = {
    "README.md": "index.md",
    "SECURITY.md": "security.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
"""Pages of the repository's root, with their names on the site."""
SOURCES = {page: source for source, page in PAGES.items()}
LINK = re.compile(r"(?<!!)\[([^\]\[]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")
FENCE = re.compile(r"^\s*```")
ELSEWHERE = ("http:", "https:", "mailto:")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages of the root."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_others: object) -> str:
    """Rewrite links for the site."""
    at = page.file.src_uri
    source = SOURCES.get(at, f"docs/{at}")
    return outside_of_code(
        markdown, lambda line: LINK.sub(lambda link: for_site(link, source), line)
    )


def outside_of_code(markdown: str, change: Callable[[str], str]) -> str:
    """Change each line that is not in a fenced block."""
    lines, in_code = [], False
    for line in markdown.split("\n"):
        if FENCE.match(line):
            in_code = not in_code
        lines.append(line if in_code else change(line))
    return "\n".join(lines)


def for_site(link: "re.Match[str]", source: str) -> str:
    """Rewrite a link of the file `source` for the site. Raises PluginError."""
    text, target, anchor = link[1], link[2], link[3] or ""
    if target.startswith(ELSEWHERE):
        return link[0]
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    if path.startswith("..") or not (ROOT / path).exists():
        raise PluginError(f"{source}: there is no {target}, to which [{text}] leads")
    if path in PAGES or path.startswith("docs/"):
        page = PAGES.get(path, path.removeprefix("docs/"))
        here = posixpath.dirname(PAGES.get(source, source.removeprefix("docs/")))
        return f"[{text}]({posixpath.relpath(page, here or '.')}{anchor})"
    # The text has the path already, or gets it beside the link.
    return f"`{path}`" if text in (path, posixpath.basename(path)) else f"{text} (`{path}`)"
