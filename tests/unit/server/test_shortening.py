"""Shortened text: within its limit, and no grapheme cluster is split."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellblock_server.common.shortening import MAX_CLUSTER, cut_after, cut_before, shorten

CLUSTERS = {
    "accent": "e\u0301",
    "joined emoji": "\U0001f469\u200d\U0001f52c",
    "skin tone": "\U0001f44d\U0001f3fd",
    "flag": "\U0001f1e9\U0001f1ea",
    "vowel sign": "\u0ba8\u0bbf",
    "syllable of letters": "\u1112\u1161\u11ab",
    "line end": "\r\n",
    "variation": "\u2764\ufe0f",
}


@pytest.mark.parametrize("cluster", CLUSTERS.values(), ids=CLUSTERS)
def test_a_cluster_is_never_split(cluster: str) -> None:
    text = f"a{cluster}b"
    for index in range(2, 1 + len(cluster)):
        assert cut_before(text, index) == 1
        assert cut_after(text, index) == 1 + len(cluster)


def test_flags_are_cut_between_pairs() -> None:
    assert [cut_before("🇩🇪🇫🇷", index) for index in range(5)] == [0, 0, 2, 2, 4]


def test_an_endless_cluster_is_split_all_the_same() -> None:
    text = "e" + "\u0301" * 10_000
    assert 5_000 - MAX_CLUSTER <= cut_before(text, 5_000) <= 5_000
    assert len(shorten(text, 1_000)) <= 1_000


@given(st.text(), st.integers(0, 200), st.floats(0, 1))
def test_the_limit_holds(text: str, limit: int, share: float) -> None:
    short = shorten(text, limit, share)
    assert len(short) <= limit or short == text
    assert len(short) <= max(limit, 0)
