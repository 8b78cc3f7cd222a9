"""The SBOM lists everything in an image, valid by CycloneDX's schema."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sbom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name

from tests.support.deployment import PROXY_IMAGE, SERVER_IMAGE
from tests.support.engine import docker, inspect
from tests.support.images import CORE, FULL
from tests.support.locks import IMAGES as IMAGE_LOCKS
from tests.support.locks import SERVER, locked

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parent.parent.parent
IMAGES = (SERVER_IMAGE, FULL, CORE, PROXY_IMAGE)
LOCKS = {SERVER_IMAGE: SERVER, FULL: IMAGE_LOCKS[1], CORE: IMAGE_LOCKS[0]}
Packages = set[tuple[str, str]]
"""Names and versions."""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The full image's SBOM, as the command writes it."""
    folder = tmp_path_factory.mktemp("sbom")
    script = ROOT / "scripts" / "sbom.py"
    subprocess.run([sys.executable, script, f"--output={folder}", FULL], check=True)
    (file,) = folder.iterdir()
    return file.read_text()


def components(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)["components"]
    return found


def packages(text: str, kind: str) -> Packages:
    return {
        (component["name"], component["version"])
        for component in components(text)
        if component["purl"].startswith(f"pkg:{kind}/")
    }


def run(image: str, command: str) -> str:
    options = ("--rm", "--network=none", "--user=0", "--entrypoint=sh")
    return docker("run", *options, image, "-c", command)


def dpkg_knows(image: str) -> Packages:
    """Return the packages that dpkg lists as installed."""
    shown = "${db:Status-Status} ${Package} ${Version}\\n"
    lines = run(image, f"dpkg-query --show --showformat '{shown}'").splitlines()
    found = [line.split() for line in lines]
    return {(name, version) for status, name, version in found if status == "installed"}


def folders_say(image: str) -> Packages:
    """Return the packages named by the folders NAME-VERSION.dist-info, without vendored ones."""
    found = "find /opt /usr -name '*.dist-info' -not -path '*/_vendor/*' -printf '%f\\n'"
    names = run(image, found).split()
    pairs = [name.removesuffix(".dist-info").split("-", 1) for name in names]
    return {(canonicalize_name(name), version) for name, version in pairs}


@pytest.mark.parametrize("image", IMAGES)
def test_all_installed_packages_are_listed(image: str) -> None:
    text = sbom.sbom(image)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert packages(text, "deb") == dpkg_knows(image)
    assert packages(text, "pypi") == folders_say(image)
    if image in LOCKS:
        here = {(one.name, one.version) for one in locked(LOCKS[image]).values() if one.here}
        assert here - packages(text, "pypi") == set()


def test_unpackaged_components_are_listed(full: str) -> None:
    named = {name for name, _ in packages(full, "generic")}
    data = {"llama-index-core", "textblob-aptagger"}
    assert named == {"cellblock-agent", "noto-emoji", "python", *data}


def test_licences_are_listed(full: str) -> None:
    python = [one for one in components(full) if one["purl"].startswith("pkg:pypi/")]
    # Their metadata name none.
    unnamed = {"docx2txt", "tiktoken"}
    assert {one["name"] for one in python if not one.get("licenses")} == unnamed
    debian = [one for one in components(full) if one["purl"].startswith("pkg:deb/")]
    # The others' copyright files are for people only.
    assert len([one for one in debian if one.get("licenses")]) > len(debian) / 2


def test_the_sbom_names_its_image(full: str) -> None:
    of = json.loads(full)["metadata"]["component"]
    assert f"{of['name']}:{of['version']}" == FULL
    assert [item["value"] for item in of["properties"]] == [inspect(FULL)["Id"]]
