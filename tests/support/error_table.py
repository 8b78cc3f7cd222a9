"""The table of errors in docs/reference/errors.md, parsed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import openai
import pytest

from cellblock_client.errors import Error, from_call
from cellblock_client.openai_errors import http_error
from tests.support.openai_api import raised_for

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "reference" / "errors.md"
HEADING = "| gRPC | reason | "


@dataclass(frozen=True)
class Row:
    """One failure, as the page lists it."""

    status: str
    reason: str
    """Reason of the failure; empty if the server did not cause it."""
    http: int
    type: str
    exception: str


def rows() -> list[Row]:
    """Return all rows of the table."""
    lines = DOCUMENT.read_text().splitlines()
    (start,) = [number for number, line in enumerate(lines) if line.startswith(HEADING)]
    found = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        status, reason, _meaning, http, kind, exception = cells
        found.append(
            Row(status, reason.strip("`—"), int(http), kind.strip("`"), exception.strip("`"))
        )
    return found


def check(error: Error, status: str = "") -> None:
    """Assert that `error` is in the table and is mapped to HTTP as the table says.

    `status` is needed for an error that did not come from a failed call.
    """
    for failed in (error.__cause__, error.__context__):
        if isinstance(failed, grpc.Call):
            assert status in ("", failed.code().name)
            status = failed.code().name
    answer = http_error(error)
    raised = raised_for(answer)
    row = Row(status, error.reason, raised.status_code, str(raised.type), type(raised).__name__)
    assert row in rows()
    assert isinstance(raised, getattr(openai, row.exception))
    assert (raised.code, raised.param) == (error.reason.lower() or None, error.field or None)
    assert raised.body == answer.body["error"]
    assert error.message in str(answer.body["error"]["message"])
    if error.retry_after is None:
        assert "Retry-After" not in raised.response.headers
    else:
        assert int(raised.response.headers["Retry-After"]) >= error.retry_after.total_seconds()


@contextmanager
def refused(reason: str, *, status: str = "", field: str = "") -> Iterator[None]:
    """Assert that the block fails as the table says."""
    with pytest.raises((Error, grpc.RpcError)) as caught:
        yield
    error = caught.value
    if isinstance(error, grpc.RpcError):
        converted = from_call(error)
        converted.__cause__ = error
        error = converted
    assert isinstance(error, Error)
    assert (error.reason, error.field) == (reason, field)
    check(error, status)
