"""The text of an API key: its format, and messages about a malformed one."""

import re

import pytest

from cellblock_server.common.errors import UnauthenticatedError
from cellblock_server.common.ids import new_id
from cellblock_server.tenants.key_text import new_text, read_text

SECRET = b"s" * 32


def test_key_has_a_prefix_and_256_random_bits() -> None:
    text = new_text(new_id("key_"))
    assert re.fullmatch(r"cb_key_[A-Za-z0-9]{24}_[A-Za-z0-9]{43}", str(text))
    assert 62**43 > 2**256
    assert read_text(str(text)) == text
    assert new_text(text.key_id) != text


def test_hash_depends_on_the_servers_secret() -> None:
    text = new_text("key_" + "a" * 24)
    assert text.hash(SECRET) == text.hash(SECRET)
    assert text.hash(SECRET) != text.hash(b"t" * 32)
    assert text.secret not in text.hash(SECRET)


def test_repr_does_not_show_the_secret() -> None:
    text = new_text("key_" + "a" * 24)
    assert text.secret not in repr(text)
    assert text.secret not in f"{[text]}"


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "sesame",
        "cb_",
        f"cb_key_{'a' * 24}_{'b' * 42}",
        f"cb_key_{'a' * 24}_{'b' * 44}",
        f"cb_key_{'a' * 23}_{'b' * 43}",
        f"cb_sess_{'a' * 24}_{'b' * 43}",
        f"cb_key_{'a' * 24}_{'b' * 42}é",
        f"cb_key_{'a' * 24}_{'b' * 43}\n",
        f"Bearer cb_key_{'a' * 24}_{'b' * 43}",
    ],
)
def test_malformed_key_is_reported_without_repeating_it(sent: str) -> None:
    with pytest.raises(UnauthenticatedError) as caught:
        read_text(sent)
    assert caught.value.reason == "KEY_MALFORMED"
    assert "b" * 10 not in caught.value.message
    assert "sesame" not in caught.value.message
