"""A large attachment is copied only if it is small in proportion to the session's resources."""

from pathlib import Path

import pytest

from cellblock_agent.files.data_folder import DataFolder
from cellblock_agent.files.input_copies import DATABASE_MARK, CopyShares, InputCopies

KIB = 2**10


@pytest.mark.parametrize(
    ("size", "memory", "max_bytes", "is_database", "is_wanted"),
    [
        (10 * KIB, 1000 * KIB, 20 * KIB, False, True),
        (30 * KIB, 1000 * KIB, 20 * KIB, False, False),
        (30 * KIB, 1000 * KIB, 20 * KIB, True, True),
        (10 * KIB, 99 * KIB, 20 * KIB, False, False),
        (10 * KIB, 99 * KIB, 20 * KIB, True, True),
        (30 * KIB, 99 * KIB, 20 * KIB, True, False),
        (10 * KIB, 0, 20 * KIB, False, True),
    ],
)
def test_limits(
    tmp_path: Path, size: int, memory: int, max_bytes: int, *, is_database: bool, is_wanted: bool
) -> None:
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    (tmp_path / "data").mkdir()
    mark = DATABASE_MARK if is_database else b"x"
    (inputs / "file-1").write_bytes(mark.ljust(size, b"\0"))
    shares = CopyShares(of_memory=0.1, database_of_memory=0.2)
    copies = InputCopies(DataFolder(tmp_path / "data", inputs), memory, shares)
    assert copies.is_wanted("file-1", max_bytes) == is_wanted


def test_a_full_folder_gets_no_copy(tmp_path: Path) -> None:
    (tmp_path / "file-1").write_bytes(b"x" * KIB)
    shares = CopyShares(of_free_space=0)
    assert not InputCopies(DataFolder(tmp_path, tmp_path), 0, shares).is_wanted("file-1", KIB)
