"""The client's types: complete in an installed wheel, for mypy and pyright."""

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

# Type checkers read the whole standard library each time, which is slow on a busy machine.
pytestmark = [pytest.mark.judge, pytest.mark.timeout(240)]

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
PROGRAM = Path(__file__).parent / "typed_program.py"
PACKAGES = ("cellblock_client", "cellblock")
PROGRAMS = ("cellblock_client.cli", "cellblock_client.jupyter")
"""Our programs, which no other code imports."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel that would be published."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*build, "--directory", str(folder)], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def user(wheel: Path) -> Path:
    """Create a user's folder: a program, and a Python with the wheel and its dependencies."""
    folder = wheel.parent
    venv.create(folder / "venv", with_pip=False)
    paths = {"base": str(folder / "venv"), "platbase": str(folder / "venv")}
    site = Path(sysconfig.get_path("purelib", vars=paths))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    # Only the folder is added: Python ignores .pth files in it, one of which names these sources.
    (site / "needed.pth").write_text(sysconfig.get_path("purelib"))
    shutil.copy(PROGRAM, folder)
    return folder


@pytest.mark.parametrize("package", PACKAGES)
def test_wheel_has_py_typed(wheel: Path, package: str) -> None:
    assert f"{package}/py.typed" in zipfile.ZipFile(wheel).namelist()


def test_mypy_accepts_a_users_program(user: Path) -> None:
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=cache"]
    done = subprocess.run(
        [*mypy, "--python-executable=venv/bin/python", PROGRAM.name],
        cwd=user,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "Success: no issues found in 1 source file\n")


def test_pyright_accepts_a_users_program(user: Path) -> None:
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
    """Return pyright's findings for the user's Python.

    Runs basedpyright, which is pyright with its Node, in wheels.
    """
    done = subprocess.run(
        [BIN / "basedpyright", "--outputjson", *arguments],
        cwd=folder,
        env={"PATH": f"{folder / 'venv' / 'bin'}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(done.stdout)
