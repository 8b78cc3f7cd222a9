"""Findings of `doctor` about an S3 bucket, with advice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cellblock_server.common.ids import new_id
from cellblock_server.config import Settings, load
from cellblock_server.ops.doctor.blobs import blob_findings
from cellblock_server.ops.doctor.finding import Level
from tests.support.faulty_s3 import FaultyS3, faulty_s3
from tests.support.s3 import CREDENTIALS, KEY_ID, S3Server


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def prefix() -> str:
    return new_id("")


@pytest.fixture
def faulty(s3: S3Server) -> Iterator[FaultyS3]:
    with faulty_s3(s3.port) as faulty:
        yield faulty


@pytest.fixture
def settings(s3: S3Server, faulty: FaultyS3, tmp_path: Path, prefix: str) -> Settings:
    (tmp_path / "instance").write_text("me")
    return load(
        None,
        {"server": {"state_dir": str(tmp_path)}, "blobs": {"url": s3.url(prefix, faulty.port)}},
    )


def test_folder_has_no_bucket_findings(tmp_path: Path) -> None:
    assert list(blob_findings(load(None, {"server": {"state_dir": str(tmp_path)}}))) == []


def test_usable_bucket_is_ok_and_unchanged(settings: Settings, s3: S3Server, prefix: str) -> None:
    for owner in ("", "me"):
        if owner:
            s3.client(prefix).put("owner", owner.encode())
        assert {one.level for one in blob_findings(settings)} == {Level.OK}
        assert s3.keys(prefix) == (["owner"] if owner else [])


def test_prefix_of_another_server_is_a_problem(
    settings: Settings, s3: S3Server, prefix: str
) -> None:
    s3.client(prefix).put("owner", b"another")
    assert list(blob_findings(settings))[-1].level is Level.PROBLEM


@pytest.mark.parametrize(
    ("method", "part", "what"),
    [
        ("GET", "list-type", "listed"),
        ("PUT", "", "written"),
        ("GET", "probe", "read"),
        ("DELETE", "", "deleted"),
    ],
)
def test_missing_permission_is_named(
    settings: Settings, faulty: FaultyS3, method: str, part: str, what: str
) -> None:
    faulty.fault("refuse", method=method, part=part, status=403, code="AccessDenied", message="No.")
    (found,) = blob_findings(settings)
    assert found.level is Level.PROBLEM
    assert f"can't be {what}: AccessDenied: No." in found.message
    assert "s3:ListBucket" in found.advice
    assert KEY_ID not in found.message


def test_unreachable_bucket_is_a_problem(settings: Settings, faulty: FaultyS3) -> None:
    faulty.go_away()
    (found,) = blob_findings(settings)
    assert (found.level, "refused" in found.message) == (Level.PROBLEM, True)


def test_unreadable_credentials_are_a_problem(settings: Settings) -> None:
    blobs = settings.blobs.model_copy(update={"credentials_file": "/not/there"})
    (found,) = blob_findings(settings.model_copy(update={"blobs": blobs}))
    assert found.level is Level.PROBLEM
    assert "blobs.credentials_file" in found.message
