"""Contents of the sandbox image, and what must not be in it."""

import importlib.metadata
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.engine import docker, inspect

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parent.parent.parent
IMAGE = f"cellblock-sandbox:{importlib.metadata.version('cellblock')}"
IMAGES = {"full": IMAGE, "core": f"{IMAGE}-core"}
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


@pytest.fixture(params=IMAGES)
def target(request: pytest.FixtureRequest) -> str:
    """The images for which the tests of all images run."""
    return str(request.param)


@pytest.fixture
def image(target: str) -> str:
    return IMAGES[target]


def run(command: str, *, image: str = IMAGE, user: str = "1000:1000") -> str:
    """Run a shell command in a container of an image; what it prints."""
    options = ["--rm", "--network=none", f"--user={user}", "--entrypoint=/bin/sh"]
    return docker("run", *options, image, "-c", command)


def test_the_image_is_built_from_these_sources(target: str, image: str) -> None:
    script = ROOT / "scripts" / "build_image.py"
    done = subprocess.run(
        [sys.executable, script, "--print-hash", target],
        check=True,
        capture_output=True,
        text=True,
    )
    labels = inspect(image)["Config"]["Labels"]
    assert labels["dev.cellblock.image.hash"] == done.stdout.strip(), "run `make images`"


def test_the_agent_runs_unprivileged_in_the_data_folder(image: str) -> None:
    config = inspect(image)["Config"]
    assert config["User"] == "1000:1000"
    assert config["WorkingDir"] == "/mnt/data"
    assert config["Entrypoint"][1:] == ["-I", "-m", "cellblock_agent"]


def test_no_program_changes_its_user(image: str) -> None:
    assert run("find / -xdev -perm /6000 -type f", image=image, user="0:0") == ""


def test_the_user_can_not_change_the_system(image: str) -> None:
    # A read-only root file system would hide wrong permissions of the image itself.
    folders = "/opt /usr /etc /bin /lib /home /mnt"
    assert run(f"find {folders} -xdev -writable ! -type l 2>/dev/null || true", image=image) == ""


def test_the_data_stack_imports(image: str) -> None:
    modules = "ipykernel, numpy, pandas, matplotlib.pyplot, openpyxl, grpc, cellblock_agent"
    command = f"MPLCONFIGDIR=/tmp/mpl /opt/cellblock/venv/bin/python -I -c 'import {modules}'"
    assert run(command, image=image) == ""


def test_libraries_are_of_the_versions_that_the_server_is_tested_with(image: str) -> None:
    listing = (
        "/opt/cellblock/venv/bin/python -I -m pip list --format=json --disable-pip-version-check"
    )
    inside = {
        package["name"]: package["version"] for package in json.loads(run(listing, image=image))
    }
    shared = ("grpcio", "protobuf", "ipykernel", "jupyter_client")
    assert {name: inside[name] for name in shared} == {
        name: importlib.metadata.version(name) for name in shared
    }


def test_each_package_is_of_its_locked_version(target: str, image: str) -> None:
    lock = (ROOT / "sandbox_image" / f"requirements-{target}.txt").read_text()
    locked = dict(re.findall(r"^([\w.-]+)==(\S+)", lock, re.MULTILINE))
    assert len(locked) > 40
    assert lock.count(" --hash=sha256:") >= len(locked)
    listing = (
        "/opt/cellblock/venv/bin/python -I -m pip list --format=json --disable-pip-version-check"
    )
    inside = {
        re.sub(r"[-_.]+", "-", package["name"]).lower(): package["version"]
        for package in json.loads(run(listing, image=image))
    }
    # They come with the virtualenv; the model from requirements-data.txt.
    assert inside.keys() - locked.keys() <= {"pip", "setuptools", "en-core-web-sm"}
    assert {name: inside[name] for name in locked} == locked


def test_the_core_has_the_data_stack_only() -> None:
    modules = "docx, pptx, pypdf, pdfplumber, reportlab, lxml, bs4, cv2, scipy, pyarrow"
    missing = (
        "from importlib.util import find_spec; "
        f'print([name for name in "{modules}".split(", ") if find_spec(name)])'
    )
    python = "/opt/cellblock/venv/bin/python -I -c"
    assert run(f"{python} '{missing}'", image=IMAGES["core"]) == "[]"
    assert run("command -v ffmpeg || true", image=IMAGES["core"]) == ""


def test_scanners_find_the_debian_packages() -> None:
    lines = (ROOT / "sandbox_image" / "debian.in").read_text().splitlines()
    wanted = {line for line in lines if line and not line.startswith("#")}
    shown = run("dpkg-query --show --showformat '${db:Status-Status} ${Package}\\n'").splitlines()
    assert wanted <= {line.split()[1] for line in shown if line.startswith("installed ")}


def test_the_build_leaves_nothing_behind() -> None:
    assert run("ls -A /tmp; ls -d /layer /opt/build 2>/dev/null || true", user="0:0") == ""


def test_the_font_cache_is_in_the_image(image: str) -> None:
    assert "fontlist" in run("ls /opt/cellblock/matplotlib", image=image)


def test_the_builders_certificates_and_settings_stay_out(image: str) -> None:
    base = inspect(image)["Config"]["Labels"]["org.opencontainers.image.base.name"]
    certificates = f"if [ -e {BUNDLE} ]; then sha256sum {BUNDLE}; fi"
    assert run(certificates, image=image) == run(certificates, image=base)
    # Those of site-packages came with the wheels, whose hashes are locked.
    found = run(
        "find /opt /tmp /root /home /mnt /run /var -xdev -type f -not -path '*/site-packages/*'"
        " -exec grep -l 'BEGIN CERTIFICATE' {} + || true",
        image=image,
        user="0:0",
    )
    assert found == ""
    history = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", image)
    assert "PIP_" not in history
    assert "proxy" not in history.lower()
    assert not [line for line in inspect(image)["Config"]["Env"] if line.startswith("PIP_")]
