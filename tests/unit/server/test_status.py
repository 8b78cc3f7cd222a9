"""Every error has its status code and the details that a program needs."""

from datetime import timedelta

import pytest
from google.rpc import code_pb2, error_details_pb2

from cellblock_server.common.errors import (
    AlreadyExistsError,
    CellblockError,
    ExhaustedError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
    OutOfRangeError,
    QuotaError,
    UnavailableError,
    WrongStateError,
)
from cellblock_server.rpc.status import MAX_MESSAGE, status_of

ERRORS = [
    (InvalidArgumentError("code", "is empty"), code_pb2.INVALID_ARGUMENT),
    (OutOfRangeError("pids", "must be at most 1, got 2"), code_pb2.OUT_OF_RANGE),
    (NotFoundError("session", "sess_1"), code_pb2.NOT_FOUND),
    (AlreadyExistsError("session", "sess_1", "exists"), code_pb2.ALREADY_EXISTS),
    (WrongStateError("SESSION_EXPIRED", "ended"), code_pb2.FAILED_PRECONDITION),
    (ExhaustedError("QUEUE_FULL", "full", timedelta(seconds=1)), code_pb2.RESOURCE_EXHAUSTED),
    (QuotaError("STORAGE_QUOTA", "tenant:t", "too much"), code_pb2.RESOURCE_EXHAUSTED),
    (UnavailableError("ENGINE_UNREACHABLE", "away"), code_pb2.UNAVAILABLE),
    (InternalError("FAULT", "a fault"), code_pb2.INTERNAL),
]


@pytest.mark.parametrize(("error", "code"), ERRORS)
def test_each_error_has_its_code_and_reason(error: CellblockError, code: int) -> None:
    status = status_of(error)
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (status.code, info.reason, info.domain) == (code, error.reason, "cellblock")
    assert status.message == error.message


def test_invalid_field_is_named() -> None:
    bad = error_details_pb2.BadRequest()
    assert status_of(InvalidArgumentError("code", "is empty")).details[1].Unpack(bad)
    violation = bad.field_violations[0]
    assert (violation.field, violation.description) == ("code", "is empty")


def test_missing_resource_is_named() -> None:
    resource = error_details_pb2.ResourceInfo()
    assert status_of(NotFoundError("file", "file-1")).details[1].Unpack(resource)
    assert (resource.resource_type, resource.resource_name) == ("file", "file-1")


def test_retry_time_is_included() -> None:
    retry = error_details_pb2.RetryInfo()
    error = ExhaustedError("QUEUE_FULL", "full", timedelta(seconds=1.5))
    assert status_of(error).details[1].Unpack(retry)
    assert retry.retry_delay.ToTimedelta() == timedelta(seconds=1.5)


def test_messages_fit_into_headers() -> None:
    status = status_of(NotFoundError("session", "x" * 100_000))
    assert len(status.message) == MAX_MESSAGE
    assert status.ByteSize() < 4096


def test_quota_error_names_its_subject() -> None:
    status = status_of(QuotaError("STORAGE_QUOTA", "tenant:t", "too much"))
    failure = error_details_pb2.QuotaFailure()
    assert status.details[1].Unpack(failure)
    assert [(item.subject, item.description) for item in failure.violations] == [
        ("tenant:t", "too much")
    ]
