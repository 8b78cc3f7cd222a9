"""Choice between a copy of a large attachment and a link to it."""

import os
from dataclasses import dataclass

from cellblock_agent.files.data_folder import DataFolder

DATABASE_MARK = b"SQLite format 3\0"


@dataclass(frozen=True)
class CopyShares:
    """Maximum size of a copy, as shares of the session's resources: `/mnt/data` is memory."""

    of_memory: float = 1 / 16
    of_free_space: float = 1 / 4
    database_of_memory: float = 1 / 4
    """Likewise for SQLite databases: SQLite follows a link, and creates files beside its target."""
    database_of_free_space: float = 1 / 2


class InputCopies:
    """Decides which attachments are copied into the data directory, where code may change them."""

    def __init__(
        self, folder: DataFolder, memory_bytes: int, shares: CopyShares = CopyShares()
    ) -> None:
        """Copy into `folder`, in a session with `memory_bytes`; 0 if that is unlimited."""
        self._folder = folder
        self._memory_bytes = memory_bytes
        self._shares = shares

    def is_wanted(self, name: str, max_bytes: int) -> bool:
        """Return whether to copy an input: a file of up to `max_bytes`, or a database.

        Neither may be large in proportion to the session's resources. Raises FileNotFoundError.
        """
        with self._folder.open_input(name) as file:
            size = os.fstat(file.fileno()).st_size
            is_database = file.read(len(DATABASE_MARK)) == DATABASE_MARK
        if size > max_bytes and not is_database:
            return False
        shares = self._shares
        memory = shares.database_of_memory if is_database else shares.of_memory
        space = shares.database_of_free_space if is_database else shares.of_free_space
        limit = self._folder.free_bytes() * space
        if self._memory_bytes:
            limit = min(limit, self._memory_bytes * memory)
        return size <= limit
