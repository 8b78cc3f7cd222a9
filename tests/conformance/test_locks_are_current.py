"""Lock files: every installed package by version and hash, matching the requirements.

Needs no network: the packages' requirements are read from their metadata, installed here.
"""

import importlib.metadata
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from image_packages import BIG, SDISTS, entries, layers
from lock_image import AGENT_PACKAGES
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.locks import (
    BENCH,
    DEVELOPMENT,
    IMAGE_BUILD,
    IMAGE_FOLDER,
    IMAGES,
    LOCKS,
    MOTO,
    ROOT,
    SERVER,
    locked,
)

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


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
    source = (
        IMAGE_FOLDER / "requirements-full.in"
        if lock.stem.endswith("newest")
        else lock.with_suffix(".in")
    )
    lines = source.read_text().splitlines()
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
    assert len(requirements) > (1 if lock in IMAGE_BUILD else 25)
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


@pytest.mark.parametrize("lock", [SERVER, BENCH], ids=lambda lock: lock.name)
def test_shared_packages_have_the_tested_versions(lock: Path) -> None:
    tested = locked(DEVELOPMENT)
    shared = [one for one in locked(lock).values() if one.name in tested]
    assert len(shared) > 20
    assert [one.name for one in shared if one.version != tested[one.name].version] == []


@pytest.mark.parametrize("lock", IMAGES, ids=lambda lock: lock.name)
def test_the_agent_has_the_tested_versions(lock: Path) -> None:
    tested, image = locked(DEVELOPMENT), locked(lock)
    assert {name: image[name].version for name in AGENT_PACKAGES} == {
        name: tested[name].version for name in AGENT_PACKAGES
    }


def test_the_core_is_a_part_of_the_full_image() -> None:
    core, full = locked(IMAGES[0]), locked(IMAGES[1])
    assert {name: full[name].version for name in core} == {
        name: one.version for name, one in core.items()
    }


def test_each_package_of_the_full_image_is_in_one_layer() -> None:
    core, full, newest = (lock.read_text() for lock in IMAGES)
    for lock in (full, newest):
        found = [name for text in layers(core, lock).values() for name in entries(text)]
        assert sorted([*found, *entries(core)]) == sorted(entries(lock))
        assert {*BIG, *SDISTS} <= {*found}


def test_server_lock_has_no_development_tools() -> None:
    tools = {"pytest", "mypy", "ruff", "uv", "hatchling", "pip-audit", "openai"}
    assert tools & locked(SERVER).keys() == set()


def test_compared_packages_are_only_in_the_benchmark_lock() -> None:
    compared = {"llm-sandbox", "matplotlib"}
    assert {*compared, "websocket-client"} <= locked(BENCH).keys()
    assert compared & {*locked(SERVER), *locked(DEVELOPMENT)} == set()
    # jupyter-server, which the notebook tests use, also depends on websocket-client.
    assert "websocket-client" not in locked(SERVER)
