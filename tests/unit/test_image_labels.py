"""Labels of images that name their source and revision."""

import subprocess
from pathlib import Path

import image_labels
import pytest


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "file").write_text("1")
    git(tmp_path, "add", "file")
    author = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    git(tmp_path, *author, "commit", "--quiet", "--message=x")
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", folder, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_revision_is_the_commit(checkout: Path) -> None:
    assert image_labels.revision(checkout) == git(checkout, "rev-parse", "HEAD")


def test_revision_marks_uncommitted_changes(checkout: Path) -> None:
    (checkout / "file").write_text("2")
    assert image_labels.revision(checkout) == git(checkout, "rev-parse", "HEAD") + "-dirty"


def test_revision_and_source_are_empty_outside_of_git(tmp_path: Path) -> None:
    assert (image_labels.revision(tmp_path), image_labels.source(tmp_path)) == ("", "")


@pytest.mark.parametrize(
    ("remote", "source"),
    [
        ("https://example.com/team/cellblock.git", "https://example.com/team/cellblock"),
        ("https://jane:secret@example.com:8443/cellblock", "https://example.com:8443/cellblock"),
        ("git@example.com:team/cellblock.git", ""),
        ("/home/jane/cellblock", ""),
    ],
)
def test_source_is_an_address_without_passwords(checkout: Path, remote: str, source: str) -> None:
    git(checkout, "remote", "add", "origin", remote)
    assert image_labels.source(checkout) == source


def test_hash_changes_with_each_lock(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a==1\n")
    two.write_text("b==1\n")
    before = image_labels.locks_hash([one, two])
    two.write_text("b==2\n")
    assert image_labels.locks_hash([one, two]) != before
