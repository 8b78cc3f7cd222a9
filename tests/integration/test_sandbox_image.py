"""What is in the sandbox image, and what must not be."""

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.engine import docker, inspect

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parent.parent.parent
IMAGE = f"cellblock-sandbox:{importlib.metadata.version('cellblock')}"
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def run(command: str, *, image: str = IMAGE, user: str = "1000:1000") -> str:
    """Run a shell command in a container of an image; what it prints."""
    options = ["--rm", "--network=none", f"--user={user}", "--entrypoint=/bin/sh"]
    return docker("run", *options, image, "-c", command)


def test_it_is_made_of_these_sources() -> None:
    script = ROOT / "scripts" / "build_image.py"
    done = subprocess.run(
        [sys.executable, script, "--print-hash"], check=True, capture_output=True, text=True
    )
    labels = inspect(IMAGE)["Config"]["Labels"]
    assert labels["dev.cellblock.image.hash"] == done.stdout.strip(), "run `make image`"


def test_it_runs_the_agent_as_nobody_in_the_data_folder() -> None:
    config = inspect(IMAGE)["Config"]
    assert config["User"] == "1000:1000"
    assert config["WorkingDir"] == "/mnt/data"
    assert config["Entrypoint"][1:] == ["-I", "-m", "cellblock_agent"]


def test_no_program_changes_its_user() -> None:
    assert run("find / -xdev -perm /6000 -type f", user="0:0") == ""


def test_its_user_can_change_nothing_of_the_system() -> None:
    # What a read-only root file system would hide: the image itself gives nothing away.
    folders = "/opt /usr /etc /bin /lib /home /mnt"
    assert run(f"find {folders} -xdev -writable ! -type l 2>/dev/null || true") == ""


def test_the_data_stack_imports() -> None:
    modules = "ipykernel, numpy, pandas, matplotlib.pyplot, openpyxl, grpc, cellblock_agent"
    command = f"MPLCONFIGDIR=/tmp/mpl /opt/cellblock/venv/bin/python -I -c 'import {modules}'"
    assert run(command) == ""


def test_libraries_are_of_the_versions_that_the_server_is_tested_with() -> None:
    listing = (
        "/opt/cellblock/venv/bin/python -I -m pip list --format=json --disable-pip-version-check"
    )
    inside = {package["name"]: package["version"] for package in json.loads(run(listing))}
    shared = ("grpcio", "protobuf", "ipykernel", "jupyter_client")
    assert {name: inside[name] for name in shared} == {
        name: importlib.metadata.version(name) for name in shared
    }


def test_fonts_were_looked_for_once() -> None:
    assert "fontlist" in run("ls /opt/cellblock/matplotlib")


def test_the_builders_certificates_and_settings_stay_out() -> None:
    base = inspect(IMAGE)["Config"]["Labels"]["org.opencontainers.image.base.name"]
    certificates = f"if [ -e {BUNDLE} ]; then sha256sum {BUNDLE}; fi"
    assert run(certificates) == run(certificates, image=base)
    # Those of site-packages came with the wheels, whose hashes are locked.
    found = run(
        "find /opt /tmp /root /home /mnt /run /var -xdev -type f -not -path '*/site-packages/*'"
        " -exec grep -l 'BEGIN CERTIFICATE' {} + || true",
        user="0:0",
    )
    assert found == ""
    history = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", IMAGE)
    assert "PIP_" not in history
    assert "proxy" not in history.lower()
    assert not [line for line in inspect(IMAGE)["Config"]["Env"] if line.startswith("PIP_")]
