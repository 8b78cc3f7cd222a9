"""Internal details of errors: visible to admins and in the log, hidden from tenants."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from aiodocker.exceptions import DockerError
from sqlalchemy.exc import OperationalError

from cellblock_server.agent.errors import AgentGoneError
from cellblock_server.backends.docker.engine import engine_down, engine_refused
from cellblock_server.backends.errors import HostileSandboxError
from cellblock_server.blobs.s3_errors import BlobStoreError
from cellblock_server.common.errors import CellblockError, UnavailableError
from cellblock_server.rpc.status import status_of
from cellblock_server.store.failures import store_error
from cellblock_server.store.outage import HeldError

INSIDE = "SESAME"
"""A host, path or id that no tenant must learn."""


def engine_error(status: int, words: str) -> CellblockError:
    return engine_refused(DockerError(status, f"{words} {INSIDE}"), None)


ERRORS: dict[str, Callable[[], CellblockError]] = {
    "an engine that is away": lambda: engine_down(f"/run/{INSIDE}.sock: refused"),
    "an engine that fails": lambda: engine_error(500, "no such folder"),
    "an engine that refuses": lambda: engine_error(400, "invalid mount"),
    "a store that fails": lambda: store_error(OperationalError("", None, Exception(INSIDE))),
    "a store of another server": lambda: HeldError(f"used from {INSIDE}"),
    "a blob store that fails": lambda: BlobStoreError(f"NoSuchBucket: {INSIDE}"),
    "an agent that is gone": lambda: AgentGoneError("UNAVAILABLE", detail=f"unix:/run/{INSIDE}"),
    "a folder that is hostile": lambda: HostileSandboxError(f"/run/{INSIDE}: not a socket"),
}


@pytest.mark.parametrize("make", ERRORS.values(), ids=ERRORS)
def test_internal_detail_is_visible_only_to_admins(
    make: Callable[[], CellblockError],
) -> None:
    error = make()
    assert INSIDE not in status_of(error).message
    assert status_of(error).message
    assert INSIDE in status_of(error, for_admin=True).message
    assert INSIDE in str(error)


def test_error_without_a_detail_is_the_same_for_both() -> None:
    error = UnavailableError("SESSION_NOT_READY", "it starts", timedelta(seconds=2))
    assert status_of(error) == status_of(error, for_admin=True)
    assert str(error) == "it starts"
