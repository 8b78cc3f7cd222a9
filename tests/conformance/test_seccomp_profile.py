"""The profile has what was traced, and says why it has what it has."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RULES: list[dict[str, Any]] = json.loads(
    resources.files("cellblock_server.backends.docker").joinpath("seccomp_profile.json").read_text()
)["syscalls"]
ALLOWED = {name for rule in RULES if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]}
DONE_WITHOUT = {
    "clone3": "glibc does clone instead",
    "mbind": "a hint to the kernel, which the engine's default refuses as well",
}
"""What was traced and is refused, and why that does no harm."""


def test_it_allows_what_was_traced() -> None:
    traced = {
        call.partition("(")[0] for call in json.loads((HERE / "traced_syscalls.json").read_text())
    }
    assert len(traced) > 140
    assert traced - ALLOWED == set(DONE_WITHOUT)


def test_each_rule_says_why() -> None:
    assert [rule for rule in RULES if not rule.get("comment")] == []


def test_a_call_is_allowed_in_one_place_or_by_its_arguments() -> None:
    whole = [name for rule in RULES if not rule.get("args") for name in rule["names"]]
    parts = {name for rule in RULES if rule.get("args") for name in rule["names"]}
    assert len(whole) == len(set(whole))
    assert parts & set(whole) == set()
