"""Profiles that `sandbox.seccomp` can select, and errors for unusable ones."""

import json
from pathlib import Path

import pytest

from cellblock_server.backends.docker.seccomp import (
    MAX_PROFILE_BYTES,
    SeccompProfileError,
    load_profile,
)


def test_cellblock_profile_refuses_unlisted_calls() -> None:
    profile = json.loads(load_profile("cellblock") or "")
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"


def test_engine_profile_is_not_passed() -> None:
    assert load_profile("engine") is None


def test_own_profile_is_passed_to_the_engine(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_text('{"defaultAction": "SCMP_ACT_ALLOW",\n "syscalls": []}')
    assert load_profile(str(path)) == '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[]}'


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", "is not JSON: Expecting property name"),
        (b"\xff", "is not UTF-8"),
        (b"[]", "must be an object"),
        (b"{}", "syscalls: must be a list of rules"),
        (b'{"syscalls": []}', "an action must be SCMP_ACT_…, got None"),
        (
            b'{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": "read"}]}',
            "syscalls[0].names: must be a list of system calls",
        ),
        (
            b'{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [], "action": "DENY"}]}',
            "an action must be SCMP_ACT_…, got 'DENY'",
        ),
        (b" " * (MAX_PROFILE_BYTES + 1), f"has more than {MAX_PROFILE_BYTES} bytes"),
    ],
)
def test_invalid_profile_is_reported(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "own.json"
    path.write_bytes(content)
    with pytest.raises(SeccompProfileError) as caught:
        load_profile(str(path))
    assert str(caught.value).startswith(f"sandbox.seccomp: {path}: {problem}")


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("/nowhere/profile.json", "No such file or directory"),
        ("/", "Is a directory"),
        ("unconfined", "must be 'cellblock', 'engine' or an absolute path"),
    ],
)
def test_missing_profile_is_reported(setting: str, problem: str) -> None:
    with pytest.raises(SeccompProfileError) as caught:
        load_profile(setting)
    assert str(caught.value) == f"sandbox.seccomp: {setting}: {problem}"
