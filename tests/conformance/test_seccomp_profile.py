"""The seccomp profile: allows the traced system calls and gives a reason for each rule."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RULES: list[dict[str, Any]] = json.loads(
    resources.files("cellblock_server.backends.docker").joinpath("seccomp_profile.json").read_text()
)["syscalls"]
ALLOWED = {name for rule in RULES if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]}
REFUSED_HARMLESSLY = {
    "clone3": "glibc does clone instead",
    "mbind": "a hint to the kernel, which the engine's default refuses as well",
}
"""Traced system calls that the profile refuses, and why that does no harm."""


def test_profile_allows_traced_calls() -> None:
    traced = {
        call.partition("(")[0] for call in json.loads((HERE / "traced_syscalls.json").read_text())
    }
    assert len(traced) > 140
    assert traced - ALLOWED == set(REFUSED_HARMLESSLY)


def test_each_rule_has_a_comment() -> None:
    assert [rule for rule in RULES if not rule.get("comment")] == []


def test_no_call_has_both_an_unconditional_and_a_conditional_rule() -> None:
    whole = [name for rule in RULES if not rule.get("args") for name in rule["names"]]
    parts = {name for rule in RULES if rule.get("args") for name in rule["names"]}
    assert len(whole) == len(set(whole))
    assert parts & set(whole) == set()
