import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellblock_server.common.errors import InvalidArgumentError
from cellblock_server.files.names import check_filename, safe_name

BAD_NAMES = ["", ".", "..", "a/b", "a\\b", "a\x00", "a\n", "\u202ea", "x" * 256]


@given(st.text(st.characters()))
def test_any_name_can_be_made_safe(name: str) -> None:
    assert check_filename("name", safe_name(name))


@given(st.text(st.sampled_from("abc äß漢😀.-_ ()"), min_size=1, max_size=60))
def test_good_names_stay(name: str) -> None:
    if name not in (".", ".."):
        assert safe_name(name) == check_filename("name", name) == name


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        check_filename("metadata.filename", name)
    assert caught.value.field == "metadata.filename"
