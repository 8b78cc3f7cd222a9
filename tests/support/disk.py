"""Small and failing disks for tests."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import pytest

FILLER = "filler"


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """Mount a file system of `size` bytes at `folder`; skip the test if mounting is not allowed."""
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


class FailingDisk:
    """A disk in a file. An error on it makes it read-only, as is usual for disks."""

    def __init__(self, folder: Path, image: Path) -> None:
        self.folder = folder
        self._image = image

    def mount(self) -> None:
        """Mount it again after a repair, as an operator does."""
        subprocess.run(["fsck.ext4", "-fy", self._image], check=False, capture_output=True)
        options = "loop,errors=remount-ro"
        mounted = subprocess.run(
            ["mount", "-o", options, self._image, self.folder],
            check=False,
            capture_output=True,
            text=True,
        )
        if mounted.returncode != 0:
            pytest.skip(f"needs the right to mount: {mounted.stderr.strip()}")

    def flush(self) -> None:
        """Write all cached data to the disk, so that a failure does not lose them."""
        subprocess.run(["sync", "--file-system", self.folder], check=True)

    def fail(self) -> None:
        """Cause an error on the disk."""
        device = subprocess.run(
            ["findmnt", "--noheadings", "--output", "SOURCE", str(self.folder)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        Path(f"/sys/fs/ext4/{Path(device).name}/trigger_fs_error").write_text("1")

    def unmount(self) -> None:
        subprocess.run(["umount", self.folder], check=True)


@contextmanager
def failing_disk(folder: Path, size: int) -> Iterator[FailingDisk]:
    """Mount a disk at `folder`; skip the test if mounting is not allowed."""
    folder.mkdir()
    image = folder.with_suffix(".image")
    with image.open("wb") as file:
        file.truncate(size)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    disk = FailingDisk(folder, image)
    disk.mount()
    try:
        yield disk
    finally:
        disk.unmount()
        image.unlink()


@contextmanager
def filled(disk: Path, *, but: int = 0) -> Iterator[None]:
    """Fill the disk while the block runs, except for `but` bytes."""
    filler = disk / FILLER
    try:
        with filler.open("wb", buffering=0) as file:
            while _grows(file):
                continue
            file.truncate(file.tell() - but)
        yield
    finally:
        filler.unlink()


def _grows(file: FileIO) -> bool:
    try:
        return file.write(bytes(4096)) > 0
    except OSError:
        return False
