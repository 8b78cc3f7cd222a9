"""A small disk, to be filled."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import pytest

FILLER = "filler"


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """Mount a file system of `size` bytes at `folder`; skips where that may not be done."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", folder],
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode != 0:
        pytest.skip(f"needs the right to mount: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        # Lazily: a container that is being removed may still hold a folder of it.
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Leave not one byte free while the block runs."""
    filler = disk / FILLER
    try:
        with filler.open("wb", buffering=0) as file:
            while _grows(file):
                continue
        yield
    finally:
        filler.unlink()


def _grows(file: FileIO) -> bool:
    try:
        return file.write(bytes(4096)) > 0
    except OSError:
        return False
