"""Inputs of a sandbox: files in the folder that it shares with the server."""

from cellblock_server.backends.sandbox import SandboxInput
from cellblock_server.backends.shared_folder.folder import SandboxFolder
from cellblock_server.common.disk import disk_errors_translated
from cellblock_server.common.errors import NotFoundError


async def link_input(folder: SandboxFolder, offered: SandboxInput) -> bool:
    """Link or copy an input; see `Backend.offer_input`."""
    if not folder.inputs.is_dir():
        raise NotFoundError("sandbox", folder.path.name)
    target = folder.inputs / offered.name
    if target.exists():
        return False
    return not await offered.link_to(target)


def unlink_input(folder: SandboxFolder, name: str) -> None:
    """Remove an input; see `Backend.withdraw_input`. Raises UnavailableError."""
    with disk_errors_translated("the inputs of a sandbox"):
        (folder.inputs / name).unlink(missing_ok=True)
