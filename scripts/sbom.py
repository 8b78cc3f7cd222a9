"""Write CycloneDX SBOMs of images, from the packages installed in them.

    python scripts/sbom.py [--output FOLDER] [IMAGE ...]

Without images: the server's, both sandboxes' and the engine proxy's of this release. Each
SBOM lists Python and Debian packages with versions, licences where they are known, and package
URLs, and is checked against CycloneDX's own schema before it is written.
"""

import argparse
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.contrib.this.builders import this_component
from cyclonedx.model import Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License, LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from image_labels import ROOT, version
from image_packages import entries
from packageurl import PackageURL
from packaging.utils import canonicalize_name

OUTPUT = ROOT / "build" / "sbom"
COLLECTOR = Path(__file__).with_name("installed.py")
SCHEMA = SchemaVersion.V1_6
NOTO_EMOJI = "3.006"  # sandbox_image/README.md
Found = dict[str, Any]


def images() -> list[str]:
    """Return the images of this release."""
    names = ("server", "sandbox", "engine-proxy")
    return [
        *(f"cellblock-{name}:{version()}" for name in names),
        f"cellblock-sandbox:{version()}-core",
    ]


def sbom(image: str) -> str:
    """Return the SBOM of an image on the engine, as JSON. Raises ValueError if it is invalid."""
    found = installed(image)
    bom = Bom(components=list(components(found)))
    bom.metadata.tools.components.add(this_component())
    bom.metadata.component = whole(image)
    # The image depends on all of them: dependencies between Debian packages are unknown.
    bom.register_dependency(bom.metadata.component, bom.components)
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    if wrong := JsonStrictValidator(SCHEMA).validate_str(text):
        raise ValueError(f"the SBOM of {image} is not CycloneDX {SCHEMA.to_version()}: {wrong}")
    return text


def installed(image: str) -> Found:
    """List an image's packages by running it without a network and without rights."""
    with COLLECTOR.open() as collector:
        done = subprocess.run(
            ["docker", "run", "--rm", "--interactive", "--network=none", "--read-only",
             "--cap-drop=ALL", "--entrypoint=python3", image, "-I", "-"],
            check=True, stdin=collector, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    found: Found = json.loads(done.stdout)
    return found


def whole(image: str) -> Component:
    """Return the component of the image, distinguished from others of its name by its id."""
    name, _, tag = image.rpartition(":")
    identity = subprocess.run(
        ["docker", "image", "inspect", "--format", "{{.Id}}", image],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    return Component(
        type=ComponentType.CONTAINER,
        name=name,
        version=tag,
        bom_ref=image,
        properties=[Property(name="dev.cellblock:image-id", value=identity)],
    )


def components(found: Found) -> Iterator[Component]:
    """Return all components found, each once."""
    everything = (
        *(_python(package) for package in found["python"]),
        *(_debian(package, found["distribution"]) for package in found["debian"]),
        *(_carried(name) for name in found["carried"]),
        Component(
            type=ComponentType.PLATFORM,
            name="python",
            version=found["interpreter"],
            purl=PackageURL("generic", None, "python", found["interpreter"]),
            licenses=licences(["PSF-2.0"]),
        ),
    )
    # A package in the base may be unpacked over it once more.
    yield from {str(component.purl): component for component in everything}.values()


def _python(package: Found) -> Component:
    name = canonicalize_name(package["name"])
    return _library(package, name, PackageURL("pypi", None, name, package["version"]))


def _debian(package: Found, distribution: str) -> Component:
    qualifiers = {"arch": package["architecture"], "distro": distribution}
    vendor = distribution.partition("-")[0]
    purl = PackageURL("deb", vendor, package["name"], package["version"], qualifiers)
    return _library(package, package["name"], purl)


def _carried(name: str) -> Component:
    known = {"cellblock-agent": (version(), "Apache-2.0"), "noto-emoji": (NOTO_EMOJI, "OFL-1.1")}
    release, licence = known.get(name) or (data_version(name), "MIT")
    return Component(
        name=name,
        version=release,
        purl=PackageURL("generic", None, name, release),
        licenses=licences([licence]),
    )


def data_version(package: str) -> str:
    """Return the locked version of a package of which images have only the data."""
    lock = (ROOT / "sandbox_image" / "requirements-data.txt").read_text()
    return entries(lock)[package].split()[0].partition("==")[2]


def _library(package: Found, name: str, purl: PackageURL) -> Component:
    return Component(
        name=name,
        version=package["version"],
        purl=purl,
        bom_ref=str(purl),
        description=package["summary"] or None,
        licenses=licences(package["licences"]),
    )


def licences(names: list[str]) -> list[License | LicenseExpression]:
    """Return licences as CycloneDX requires: an expression stands alone, all others form a list."""
    factory = LicenseFactory()
    if len(names) == 1:
        return [factory.make_from_string(names[0])]
    made = [factory.make_from_string(name) for name in names]
    return [
        factory.make_with_name(one.value) if isinstance(one, LicenseExpression) else one
        for one in made
    ]


def main() -> None:
    """Write the files, and print their names."""
    parser = argparse.ArgumentParser(prog="sbom.py")
    parser.add_argument("images", nargs="*", metavar="IMAGE")
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="FOLDER")
    parsed = parser.parse_args()
    parsed.output.mkdir(parents=True, exist_ok=True)
    for image in parsed.images or images():
        text = sbom(image)
        file = parsed.output / f"{image.replace('/', '_').replace(':', '-')}.cdx.json"
        file.write_text(text)
        print(f"{file}: {len(json.loads(text)['components'])} components")


if __name__ == "__main__":
    main()
