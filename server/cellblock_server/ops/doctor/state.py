"""Checks of the state folder and its disk. Nothing is changed."""

import os
from pathlib import Path

from cellblock_server.config import Settings
from cellblock_server.ops.doctor.database import database_findings
from cellblock_server.ops.doctor.finding import Findings, ok, problem
from cellblock_server.ops.doctor.host import disk_findings

OTHERS = 0o077


def state_findings(settings: Settings) -> Findings:
    """Check the state folder and its disk."""
    folder = settings.server.state_dir
    yield from _folder(folder)
    there = next((path for path in (folder, *folder.parents) if path.exists()), Path("/"))
    yield from disk_findings("state disk", there, int(settings.files.min_free_bytes))
    yield from database_findings(settings)


def _folder(folder: Path) -> Findings:
    if not folder.exists():
        yield ok("state folder", f"{folder} will be made by the first start")
        return
    found = folder.stat()
    if found.st_uid != os.geteuid():
        yield problem(
            "state folder",
            f"{folder} belongs to user {found.st_uid}, and this is user {os.geteuid()}",
            "run this as the server's user, or chown the folder",
        )
    elif found.st_mode & OTHERS:
        yield problem(
            "state folder",
            f"{folder} can be read by others (mode {found.st_mode & 0o777:04o})",
            f"chmod 700 {folder}: it holds all tenants' files, and the keys' secret",
        )
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield problem("state folder", f"{folder} can't be written", "mount it for writing")
    else:
        yield ok("state folder", f"{folder} is this user's alone")
