"""Lock files: every installed package by version and hash, matching the requirements.

Needs no network: the packages' requirements are read from their metadata, installed here.
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
    """Yield the requirements in pyproject.toml, including these extras."""
    yield from map(Requirement, PROJECT["dependencies"])
    for extra in extras:
        for requirement in map(Requirement, PROJECT["optional-dependencies"][extra]):
            if requirement.name == PROJECT["name"]:
                yield from declared(*requirement.extras)
            else:
                yield requirement


def requirements_of(lock: Path) -> list[Requirement]:
    """Return the requirements from which a lock file is generated."""
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


def required_here(requirements: Iterable[Requirement]) -> set[str]:
    """Return the names of the requirements and their dependencies on this machine.

    Reads the metadata of installed packages.
    """
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
def test_each_requirement_is_locked_in_a_matching_version(lock: Path) -> None:
    requirements = locked(lock)
    wrong = [
        str(asked)
        for asked in requirements_of(lock)
        if (found := requirements.get(canonicalize_name(asked.name))) is None
        or not asked.specifier.contains(found.version, prereleases=True)
    ]
    assert wrong == [], "run `make lock`"


@pytest.mark.parametrize("lock", [DEVELOPMENT, SERVER], ids=lambda lock: lock.name)
def test_lock_has_no_other_packages(lock: Path) -> None:
    here = {one.name for one in locked(lock).values() if one.here}
    assert here == required_here(requirements_of(lock)), "run `make lock`"


@pytest.mark.parametrize("lock", [SERVER, BENCH, *IMAGES, BENCH_IMAGE], ids=lambda lock: lock.name)
def test_shared_packages_have_the_tested_versions(lock: Path) -> None:
    tested = locked(DEVELOPMENT)
    shared = [one for one in locked(lock).values() if one.name in tested]
    assert len(shared) > 20
    assert [one.name for one in shared if one.version != tested[one.name].version] == []


def test_server_lock_has_no_development_tools() -> None:
    tools = {"pytest", "mypy", "ruff", "uv", "hatchling", "pip-audit", "openai"}
    assert tools & locked(SERVER).keys() == set()


def test_compared_packages_are_only_in_the_benchmark_lock() -> None:
    compared = {"llm-sandbox", "matplotlib"}
    assert {*compared, "websocket-client"} <= locked(BENCH).keys()
    assert compared & {*locked(SERVER), *locked(DEVELOPMENT)} == set()
    # jupyter-server, which the notebook tests use, also depends on websocket-client.
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
