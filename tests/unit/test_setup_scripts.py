"""Behaviour of the set-up scripts without Docker Engine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
# All programs that ensure_engine.sh runs before it gives up; docker isn't among them.
NEEDED = ("bash", "dirname", "timeout")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of the image's sources, which a test may change."""
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("sandbox_image", "proto/python/cellblock"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignore)
    (tmp_path / "scripts").mkdir()
    scripts = ("build_image.py", "builder.py", "image_labels.py", "image_packages.py")
    for name in ("pyproject.toml", *(f"scripts/{script}" for script in scripts)):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def image_hash(checkout: Path, **environment: str) -> str:
    """Return the hash that an image of this checkout would have."""
    clean = {name: value for name, value in os.environ.items() if name != "BASE_IMAGE"}
    return subprocess.run(
        [sys.executable, checkout / "scripts" / "build_image.py", "--print-hash"],
        check=True,
        capture_output=True,
        text=True,
        env=clean | environment,
    ).stdout.strip()


def ensure_engine(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "scripts" / "ensure_engine.sh"],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )


def test_hash_ignores_other_files(checkout: Path) -> None:
    before = image_hash(checkout)
    cache = checkout / "sandbox_image" / "cellblock_agent" / "__pycache__"
    cache.mkdir()
    (cache / "agent.pyc").write_bytes(b"x")
    (checkout / "sandbox_image" / "README.md").write_text("Other words.")
    assert image_hash(checkout) == before == image_hash(ROOT)


@pytest.mark.parametrize(
    "source",
    [
        "sandbox_image/Dockerfile",
        "sandbox_image/requirements-full.txt",
        "sandbox_image/debian.in",
        "sandbox_image/install_debian.sh",
        "sandbox_image/data/offline_data.py",
        "sandbox_image/fonts/matplotlib_fallback.py",
        "sandbox_image/cellblock_agent/agent.py",
        "proto/python/cellblock/agent/v1/agent_pb2.py",
    ],
)
def test_the_hash_changes_with_each_source(checkout: Path, source: str) -> None:
    before = image_hash(checkout)
    with (checkout / source).open("a") as file:
        file.write("\n# changed\n")
    assert image_hash(checkout) != before


def test_the_hash_changes_with_the_base(checkout: Path) -> None:
    assert image_hash(checkout, BASE_IMAGE="debian:bookworm") != image_hash(checkout)


def test_the_hash_leaves_nothing_behind(checkout: Path) -> None:
    image_hash(checkout)
    assert list((checkout / ".cache").iterdir()) == []


def test_missing_engine_without_root_prints_problem_and_remedy(tmp_path: Path) -> None:
    for name in NEEDED:
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    # The user who runs the tests may be root.
    user = tmp_path / "id"
    user.write_text('#!/bin/sh\ntest "$1" = -u && echo 1000 || echo jane\n')
    user.chmod(0o755)
    done = ensure_engine(PATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    problem, remedy = done.stderr.splitlines()
    assert problem == "No Docker engine answers, and only root can install or start one."
    assert "apt install docker.io && usermod -aG docker" in remedy


def test_engine_set_by_docker_host_is_not_replaced() -> None:
    done = ensure_engine(PATH=os.environ["PATH"], DOCKER_HOST="unix:///nowhere.sock")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "No Docker engine answers at DOCKER_HOST=unix:///nowhere.sock.",
        "Start that engine, or unset DOCKER_HOST.",
    ]


def test_all_images_have_the_same_base() -> None:
    """`builder.py` reads the base from one Dockerfile and passes it to all."""
    files = ("sandbox_image/Dockerfile", "deploy/Dockerfile", "deploy/engine-proxy/Dockerfile")
    texts = [(ROOT / file).read_text() for file in files]
    bases = {line for text in texts for line in text.splitlines() if "ARG BASE_IMAGE=" in line}
    assert len(bases) == 1
    assert all("FROM ${BASE_IMAGE}" in text for text in texts)
    assert "@sha256:" in bases.pop()
