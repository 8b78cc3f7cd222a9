"""What is installed is locked, by version and hash, and the locks are what is asked for.

Without a network: what the locked packages need is read from their metadata, installed here.
"""

import importlib.metadata
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.locks import (
    BENCH,
    BENCH_IMAGE,
    DEVELOPMENT,
    IMAGES,
    LOCKS,
    MOTO,
    ROOT,
    SERVER,
    locked,
)

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DEBIAN = ROOT / "sandbox_image" / "debian"


def declared(*extras: str) -> Iterator[Requirement]:
    """What pyproject.toml asks for, with these extras."""
    yield from map(Requirement, PROJECT["dependencies"])
    for extra in extras:
        for requirement in map(Requirement, PROJECT["optional-dependencies"][extra]):
            if requirement.name == PROJECT["name"]:
                yield from declared(*requirement.extras)
            else:
                yield requirement


def asked_for(lock: Path) -> list[Requirement]:
    """What a lock was made from."""
    if lock == DEVELOPMENT:
        return list(declared("dev"))
    if lock == SERVER:
        return list(declared("server", "postgresql", "s3", "cli"))
    if lock == BENCH:
        return list(declared("bench"))
    if lock == MOTO:
        return list(declared("moto"))
    lines = lock.with_suffix(".in").read_text().splitlines()
    return [Requirement(line) for line in lines if line.strip() and not line.startswith(("#", "-"))]


def wanted_here(requirements: Iterable[Requirement]) -> set[str]:
    """Names of these and of all that they need on this machine, by installed metadata."""
    found: set[str] = set()
    todo = [(one, "") for one in requirements]
    seen = set()
    while todo:
        one, of_extra = todo.pop()
        if one.marker is not None and not one.marker.evaluate({"extra": of_extra}):
            continue
        name = canonicalize_name(one.name)
        found.add(name)
        for extra in ("", *one.extras):
            if (name, extra) not in seen:
                seen.add((name, extra))
                needs = importlib.metadata.requires(name) or []
                todo += [(Requirement(need), extra) for need in needs]
    return found


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_line_has_hashes(lock: Path) -> None:
    requirements = locked(lock)
    assert len(requirements) > 25
    assert [one.name for one in requirements.values() if one.hashes == 0] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_what_is_asked_for_is_locked_in_a_version_that_will_do(lock: Path) -> None:
    requirements = locked(lock)
    wrong = [
        str(asked)
        for asked in asked_for(lock)
        if (found := requirements.get(canonicalize_name(asked.name))) is None
        or not asked.specifier.contains(found.version, prereleases=True)
    ]
    assert wrong == [], "run `make lock`"


@pytest.mark.parametrize("lock", [DEVELOPMENT, SERVER], ids=lambda lock: lock.name)
def test_nothing_else_is_locked(lock: Path) -> None:
    here = {one.name for one in locked(lock).values() if one.here}
    assert here == wanted_here(asked_for(lock)), "run `make lock`"


@pytest.mark.parametrize("lock", [SERVER, BENCH, *IMAGES, BENCH_IMAGE], ids=lambda lock: lock.name)
def test_versions_are_those_that_are_tested(lock: Path) -> None:
    tested = locked(DEVELOPMENT)
    shared = [one for one in locked(lock).values() if one.name in tested]
    assert len(shared) > 20
    assert [one.name for one in shared if one.version != tested[one.name].version] == []


def test_the_server_has_no_development_tools() -> None:
    tools = {"pytest", "mypy", "ruff", "uv", "hatchling", "pip-audit", "openai"}
    assert tools & locked(SERVER).keys() == set()


def test_what_is_compared_is_with_nothing_else() -> None:
    compared = {"llm-sandbox", "matplotlib"}
    assert {*compared, "websocket-client"} <= locked(BENCH).keys()
    assert compared & {*locked(SERVER), *locked(DEVELOPMENT)} == set()
    # jupyter-server, with which notebooks are tested, needs the third as well.
    assert "websocket-client" not in locked(SERVER)


def test_debian_packages_are_locked_by_hash() -> None:
    names = [
        line
        for line in DEBIAN.with_suffix(".in").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    lines = [
        line
        for line in DEBIAN.with_suffix(".txt").read_text().splitlines()
        if not line.startswith("#")
    ]
    assert [line.split()[0] for line in lines] == names, "run `make lock`"
    assert [line for line in lines if not re.fullmatch(r"\S+ \S+ [0-9a-f]{64}", line)] == []
