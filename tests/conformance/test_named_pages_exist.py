"""Pages of the documents that source code, messages and deployment files name exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = re.compile(r"(?<![\w/])docs/[\w/-]+\.md\b")
FOLDERS = (
    "benchmarks", "client", "deploy", "docs/guarantees", "examples", "proto", "sandbox_image",
    "scripts", "server", "tests",
)  # fmt: skip
SUFFIXES = {"", ".conf", ".js", ".json", ".proto", ".py", ".service", ".toml", ".yaml"}


def test_named_pages_exist() -> None:
    files = [
        path
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix in SUFFIXES and "samples" not in path.parts
    ]
    named = {
        (page, str(path.relative_to(ROOT)))
        for path in files
        for page in PAGE.findall(path.read_text(errors="replace"))
    }
    assert len(named) > 20
    assert sorted((page, file) for page, file in named if not (ROOT / page).is_file()) == []
