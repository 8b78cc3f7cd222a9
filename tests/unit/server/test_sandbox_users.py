"""No two sandboxes that exist have one user id, and one that was used last comes last again."""

import pytest

from cellblock_server.backends.docker.users import SandboxUsers
from cellblock_server.common.errors import ExhaustedError


def test_each_has_its_own() -> None:
    users = SandboxUsers(100, 103)
    assert {users.take_user(f"sbx_{n}") for n in range(4)} == {100, 101, 102, 103}
    with pytest.raises(ExhaustedError, match="all 4 user ids of sandboxes are in use") as caught:
        users.take_user("sbx_more")
    assert caught.value.reason == "SESSION_LIMIT"


def test_one_comes_back_when_all_others_have_had_their_turn() -> None:
    users = SandboxUsers(100, 103)
    first = users.take_user("sbx_first")
    users.release_user("sbx_first")
    others = [users.take_user(f"sbx_{n}") for n in range(3)]
    assert first not in others
    assert users.take_user("sbx_again") == first


def test_those_of_an_earlier_server_are_taken() -> None:
    users = SandboxUsers(100, 101)
    users.note_user("sbx_old", 101)
    assert users.take_user("sbx_new") == 100
    users.release_all_but({"sbx_new"})
    assert users.take_user("sbx_newer") == 101
