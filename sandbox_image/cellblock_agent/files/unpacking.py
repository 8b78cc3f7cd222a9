"""Extraction of archives into new directories, complete or not at all; runs `unpack.py`."""

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.files.changes import SERVER_BOUNDS, ChangeTracker
from cellblock_agent.files.data_folder import DataFolder
from cellblock_agent.files.new_entries import NewFolder
from cellblock_agent.files.paths import MAX_DEPTH, parts_of
from cellblock_agent.files.statuses import RefusedError
from cellblock_agent.output.text import escape_unprintable, make_encodable, truncate_text
from cellblock_agent.processes.helpers import HelperError, Helpers

TIMEOUT_SECONDS = 540.0
"""Longest extraction, in seconds; the server waits a little longer."""
MAX_SKIPPED = 100
MAX_WORDS = 1000


class UnpackError(RefusedError):
    """An archive was not unpacked; the message has the reason."""


class Unpacker:
    """Unpacker of archives in the inputs directory."""

    def __init__(self, folder: DataFolder, changes: ChangeTracker, helpers: Helpers) -> None:
        """Unpack below `folder`."""
        self._folder = folder
        self._changes = changes
        self._helpers = helpers

    async def unpack(self, request: pb.UnpackInputRequest) -> pb.UnpackInputResponse:
        """Unpack an archive into a new directory, or into the data directory for an empty path.

        Raises UnpackError, BadPathError, NotPlainError or OSError.
        """
        above = parts_of(request.path) if request.path else []
        max_parts = MAX_DEPTH + 1 - len(above)
        # Not in threads: a caller that leaves meanwhile must not leave a directory behind.
        with ExitStack() as stack:
            archive = stack.enter_context(self._folder.open_input(request.input))
            new = self._folder.create_folder(request.path)
            try:
                answer = await self._run(archive.fileno(), new, request, max_parts)
                return await asyncio.to_thread(self._publish, new, request.path, answer)
            finally:
                await asyncio.shield(asyncio.to_thread(new.close))

    async def _run(
        self, archive: int, new: NewFolder, request: pb.UnpackInputRequest, max_parts: int
    ) -> dict[str, Any]:
        bounds = (request.max_bytes, request.max_entries, request.max_ratio, max_parts)
        name = request.input
        files = (archive, new.descriptor)
        arguments = list(map(str, (*files, *bounds)))
        try:
            answer = json.loads(
                await self._helpers.run(
                    "cellblock_agent.files.unpack", arguments, files, TIMEOUT_SECONDS
                )
            )
        except (HelperError, ValueError) as error:
            raise UnpackError(f"{name} was not unpacked: {error}") from error
        match answer:
            case {"skipped": list()}:
                return dict(answer)
            case {"full": int(number)}:
                raise OSError(number, os.strerror(number))
            case {"refused": str(words)}:
                raise UnpackError(f"{name} {truncate_text(make_encodable(words), MAX_WORDS)}")
        raise UnpackError(f"{name} was not unpacked: user code interfered")

    def _publish(self, new: NewFolder, path: str, answer: dict[str, Any]) -> pb.UnpackInputResponse:
        published = [path] if path else new.names()
        with self._changes.exclude_server_change(*published):
            if path:
                new.publish()
            else:
                self._publish_content(new)
        files = [size for entry in published for size in self._sizes(entry)]
        response = pb.UnpackInputResponse(files=len(files), bytes=sum(files))
        response.skipped.extend(_skipped(answer["skipped"][:MAX_SKIPPED]))
        return response

    def _publish_content(self, new: NewFolder) -> None:
        try:
            new.publish_content()
        except FileExistsError as error:
            taken = escape_unprintable(str(error))
            raise UnpackError(f"was not attached: /mnt/data has {taken!r} already") from error

    def _sizes(self, path: str) -> Iterator[int]:
        """Yield the sizes of the files at a path and below it."""
        entry = self._folder.find(path)
        if entry.is_file:
            yield entry.info.st_size
        elif entry.is_folder:
            for inner in self._folder.walk(SERVER_BOUNDS, folder=path):
                if inner.is_file:
                    yield inner.info.st_size


def _skipped(items: list[object]) -> Iterator[pb.SkippedFile]:
    for item in items:
        match item:
            case [str(path), str(reason)]:
                yield pb.SkippedFile(
                    path=truncate_text(make_encodable(path), MAX_WORDS),
                    reason=truncate_text(make_encodable(reason), MAX_WORDS),
                )
