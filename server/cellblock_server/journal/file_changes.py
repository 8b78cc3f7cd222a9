"""Files of executions in one unit of work."""

from sqlalchemy import Connection

from cellblock_server.store.files import insert_file
from cellblock_server.store.records import FileRecord


class FileChanges:
    """Files that executions created."""

    def __init__(self) -> None:
        """Start without a file."""
        self._added: list[FileRecord] = []

    def add(self, record: FileRecord) -> None:
        """Store a file's metadata."""
        self._added.append(record)

    @property
    def bytes(self) -> int:
        """Size of all added files."""
        return sum(record.bytes for record in self._added)

    def write(self, connection: Connection) -> None:
        """Store the files, as part of a transaction."""
        for record in self._added:
            insert_file(connection, record)
