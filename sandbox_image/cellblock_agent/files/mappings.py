"""Files that processes have mapped so that they can change them: shared, writable mappings."""

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

MAX_PROCESSES = 200
MAX_LINES = 20_000
"""Maximum number of mappings of one process that are examined; Linux allows 65,530."""


def mapped_inodes() -> set[int]:
    """Return the inode numbers of files with a shared, writable mapping in any other process.

    Devices are ignored: a number that two file systems use costs one more look at a file. Processes
    that this one may not examine are left out. Source: proc(5), `/proc/pid/maps`.
    """
    inodes: set[int] = set()
    for maps in islice(_maps_of_processes(), MAX_PROCESSES):
        # A process may have ended meanwhile.
        with suppress(OSError), maps.open("rb") as lines:
            for line in islice(lines, MAX_LINES):
                if b" rw-s " in line:
                    inodes.add(int(line.split(None, 5)[4]))
    return inodes - {0}


def _maps_of_processes() -> Iterator[Path]:
    own = str(os.getpid())
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and process.name != own:
            yield process / "maps"
