"""Labels of an image name its source, version and packages."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.deployment import PROXY_IMAGE, SERVER_IMAGE, VERSION
from tests.support.engine import docker, inspect
from tests.support.images import CORE, FULL

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parent.parent.parent
OCI = "org.opencontainers.image"
IMAGES = (FULL, CORE, SERVER_IMAGE, PROXY_IMAGE)
CORE_LOCK = "sandbox_image/requirements-core.txt"
FULL_LOCKS = ("sandbox_image/requirements-full.txt", "sandbox_image/debian.in")
LOCKS = {FULL: FULL_LOCKS, CORE: (CORE_LOCK,), SERVER_IMAGE: ("requirements/server.txt",)}


def labels(image: str) -> dict[str, str]:
    found: dict[str, str] = inspect(image)["Config"]["Labels"]
    return found


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_has_descriptive_labels(image: str) -> None:
    found = labels(image)
    assert found[f"{OCI}.title"].startswith("Cellblock")
    assert len(found[f"{OCI}.description"]) > 20
    assert found[f"{OCI}.version"] == VERSION
    assert found[f"{OCI}.licenses"] == "Apache-2.0"
    assert found["dev.cellblock.image"] in ("sandbox", "server", "engine-proxy")


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_names_its_sources(image: str) -> None:
    if (ROOT / ".git").exists():
        assert re.fullmatch("[0-9a-f]{40}(-dirty)?", labels(image)[f"{OCI}.revision"])


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_names_its_base(image: str) -> None:
    found = labels(image)
    base: dict[str, Any] = inspect(found[f"{OCI}.base.name"])
    digests = {entry.partition("@")[2] for entry in base["RepoDigests"]} or {base["Id"]}
    assert found[f"{OCI}.base.digest"] in digests


@pytest.mark.parametrize("image", LOCKS)
def test_an_image_is_tied_to_its_locks(image: str) -> None:
    content = b"".join((ROOT / lock).read_bytes() for lock in LOCKS[image])
    digest = hashlib.sha256(content).hexdigest()
    assert labels(image)["dev.cellblock.image.locks"] == f"sha256:{digest}"


@pytest.mark.parametrize("image", IMAGES)
def test_no_label_differs_between_two_builds(image: str) -> None:
    assert f"{OCI}.created" not in labels(image)


def test_layers_hold_nothing_of_the_labels() -> None:
    """Labels come last in the Dockerfile, so that a new revision rebuilds no layer."""
    history = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", SERVER_IMAGE)
    first_layer = next(
        number for number, line in enumerate(history.splitlines()) if "LABEL" not in line
    )
    assert "revision" not in "\n".join(history.splitlines()[first_layer:])
