"""The documents for maintainers match the code: paths, names, states, background tasks."""

import re
from enum import Enum
from pathlib import Path

import pytest

from cellblock_server.store.states import EXECUTION_TRANSITIONS, SESSION_TRANSITIONS

ROOT = Path(__file__).parent.parent.parent
SERVER = ROOT / "server/cellblock_server"
AGENT = ROOT / "sandbox_image/cellblock_agent"
PACKAGES = (SERVER, AGENT, ROOT / "client/cellblock_client")
ARCHITECTURE = ROOT / "ARCHITECTURE.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
DECISIONS = ROOT / "docs/decisions"
INDEX = DECISIONS / "README.md"
PAGES = sorted(DECISIONS.glob("[0-9]*.md"))

MAX_LINES = 150
QUOTED = re.compile(r"`([^`\s]+)`")
MIME_TYPE = re.compile(r"(application|audio|font|image|text|video)/[\w.+-]+")
PATH = re.compile(r"[\w.-]+(/[\w.-]+)+/?|[\w-]+\.(py|md|proto|js|json|toml|yaml|conf|sh)")
MEMBER = re.compile(r"`([A-Z]\w+)\.(\w+)`")


def paths_of(document: Path) -> list[str]:
    """Return the paths in backticks, without `/…` at their end."""
    quoted = (name.removesuffix("/…") for name in QUOTED.findall(document.read_text()))
    return [name for name in quoted if PATH.fullmatch(name) and not MIME_TYPE.fullmatch(name)]


def first_cells(document: Path) -> list[str]:
    """Return the first cell of each row of a table."""
    return [
        line.split("|")[1].strip() for line in document.read_text().splitlines() if line[:1] == "|"
    ]


def state_table(name: str) -> dict[str, set[str]]:
    """Return the transitions in the table whose first column is `name`."""
    table = ARCHITECTURE.read_text().split(f"| {name} | may become |\n| --- | --- |\n")[1]
    transitions: dict[str, set[str]] = {}
    for row in table.split("\n\n")[0].splitlines():
        before, after = (re.findall(r"[A-Z]+", cell) for cell in row.split("|")[1:3])
        transitions |= {state: set(after) for state in before}
    return transitions


def test_architecture_is_short() -> None:
    assert len(ARCHITECTURE.read_text().splitlines()) <= MAX_LINES


@pytest.mark.parametrize(
    "document", [ARCHITECTURE, CONTRIBUTING, *PAGES], ids=lambda path: path.name
)
def test_paths_exist(document: Path) -> None:
    paths = paths_of(document)
    assert paths
    missing = [path for path in paths if not any((at / path).exists() for at in (ROOT, *PACKAGES))]
    assert missing == []


def test_members_exist() -> None:
    sources = [path.read_text() for package in PACKAGES for path in package.rglob("*.py")]
    members = MEMBER.findall(ARCHITECTURE.read_text())
    assert len(members) > 20
    missing = [
        f"{owner}.{member}"
        for owner, member in members
        if not any(
            re.search(rf"^class {owner}\b", source, re.MULTILINE)
            and re.search(rf"^    ((async )?def {member}\(|{member}: )", source, re.MULTILINE)
            for source in sources
        )
    ]
    assert missing == []


@pytest.mark.parametrize("package", [SERVER, AGENT], ids=lambda path: path.name)
def test_every_directory_is_described(package: Path) -> None:
    described = {name for cell in first_cells(ARCHITECTURE) for name in QUOTED.findall(cell)}
    directories = {path.parent.name for path in package.glob("*/__init__.py")}
    assert directories - described == set()


@pytest.mark.parametrize(
    ("name", "transitions"),
    [("session", SESSION_TRANSITIONS), ("execution", EXECUTION_TRANSITIONS)],
)
def test_state_tables_are_those_of_the_store(
    name: str, transitions: dict[Enum, frozenset[Enum]]
) -> None:
    stored = {now.name: {then.name for then in after} for now, after in transitions.items()}
    assert state_table(name) == stored


def test_supervised_loops_are_listed() -> None:
    sources = (path.read_text() for path in SERVER.rglob("*.py"))
    loops = {name for text in sources for name in re.findall(r'supervise\(\s*"(\w+)"', text)}
    row = next(cell for cell in first_cells(ARCHITECTURE) if cell.startswith("a loop: "))
    assert set(QUOTED.findall(row)) == loops


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(page.name[:3]) for page in PAGES] == list(range(1, len(PAGES) + 1))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_a_decision_has_its_parts(page: Path) -> None:
    text = page.read_text()
    assert re.match(rf"# {int(page.name[:3])}\. \S", text)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Choice", "Consequence"]


def test_the_index_lists_every_decision() -> None:
    titles = {page.name: page.read_text().splitlines()[0].removeprefix("# ") for page in PAGES}
    listed = re.findall(r"^- \[(.*)\]\((.*)\)$", INDEX.read_text(), re.MULTILINE)
    # By area, so numbers ascend within each only.
    assert sorted((title, name) for name, title in titles.items()) == sorted(listed)
