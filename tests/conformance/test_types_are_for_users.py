"""Who installs the client has its types, in the type checkers that people use."""

import json
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

# Type checkers read the standard library anew each time, which a busy machine takes long for.
pytestmark = [pytest.mark.judge, pytest.mark.timeout(240)]

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
PROGRAM = Path(__file__).parent / "typed_program.py"
PACKAGES = ("cellblock_client", "cellblock")
PROGRAMS = ("cellblock_client.cli", "cellblock_client.jupyter")
"""Programs of ours, which nobody imports."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What would be published."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*build, "--directory", str(folder)], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def user(wheel: Path) -> Path:
    """A user's folder, with a program and a Python that has the wheel and what it needs."""
    folder = wheel.parent
    venv.create(folder / "venv", with_pip=False)
    paths = {"base": str(folder / "venv"), "platbase": str(folder / "venv")}
    site = Path(sysconfig.get_path("purelib", vars=paths))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    # Only the folder: what its own .pth files name, such as these sources, is not found by it.
    (site / "needed.pth").write_text(sysconfig.get_path("purelib"))
    shutil.copy(PROGRAM, folder)
    return folder


@pytest.mark.parametrize("package", PACKAGES)
def test_the_wheel_says_that_it_is_typed(wheel: Path, package: str) -> None:
    assert f"{package}/py.typed" in zipfile.ZipFile(wheel).namelist()


def test_mypy_finds_nothing_wrong_with_a_users_program(user: Path) -> None:
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=cache"]
    done = subprocess.run(
        [*mypy, "--python-executable=venv/bin/python", PROGRAM.name],
        cwd=user,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "Success: no issues found in 1 source file\n")


def test_pyright_finds_nothing_wrong_with_a_users_program(user: Path) -> None:
    (user / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict"}))
    found = pyright(user, PROGRAM.name)
    assert found["generalDiagnostics"] == []
    assert found["summary"]["filesAnalyzed"] == 1


def test_pyright_knows_the_type_of_every_public_name(user: Path) -> None:
    found = pyright(user, "--ignoreexternal", "--verifytypes", "cellblock_client")
    known = {
        one["name"]: one["isTypeKnown"] and not one["isTypeAmbiguous"]
        for one in found["typeCompleteness"]["symbols"]
        if one["isExported"] and not one["name"].startswith(PROGRAMS)
    }
    assert len(known) > 500
    assert [name for name in known if not known[name]] == []


def pyright(folder: Path, *arguments: str) -> Any:
    """What it says of the user's Python. It is basedpyright: pyright, with its Node, in wheels."""
    done = subprocess.run(
        [BIN / "basedpyright", "--outputjson", *arguments],
        cwd=folder,
        env={"PATH": f"{folder / 'venv' / 'bin'}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(done.stdout)
