"""The history of a Jupyter kernel, as frontends request it."""

from cellblock_client.jupyter.history import (
    MAX_CHARACTERS,
    MAX_ENTRIES,
    Entry,
    History,
    reply_entries,
)


def history(*codes: str) -> History:
    made = History()
    for number, code in enumerate(codes, 1):
        made.add(number, code, "")
    return made


def codes(entries: list[Entry]) -> list[str]:
    return [entry.code for entry in entries]


def test_tail_returns_the_newest_entries() -> None:
    assert codes(history("a", "b", "c").tail(2)) == ["b", "c"]
    assert codes(history("a", "b").tail(9)) == ["a", "b"]
    assert codes(history("a", "b").tail(None)) == ["a", "b"]
    assert codes(history("a").tail(0)) == []


def test_range_covers_only_this_session() -> None:
    assert codes(history("a", "b", "c").range(0, 2, 3)) == ["b"]
    assert codes(history("a", "b", "c").range(1, None, None)) == ["a", "b", "c"]
    assert codes(history("a").range(2, None, None)) == []


def test_search_returns_the_newest_matches_in_order() -> None:
    ran = history("x = 1", "y = 2", "x = 3", "x = 1")
    assert codes(ran.search("x*", None, unique=False)) == ["x = 1", "x = 3", "x = 1"]
    assert codes(ran.search("x*", 2, unique=False)) == ["x = 3", "x = 1"]
    assert codes(ran.search("x*", None, unique=True)) == ["x = 3", "x = 1"]


def test_results_are_included_on_request() -> None:
    ran = History()
    ran.add(4, "2 * 3", "6")
    assert reply_entries(ran.tail(1), output=False) == [(1, 4, "2 * 3")]
    assert reply_entries(ran.tail(1), output=True) == [(1, 4, ("2 * 3", "6"))]


def test_history_is_bounded() -> None:
    ran = history(*map(str, range(MAX_ENTRIES + 1)), "x" * (MAX_CHARACTERS + 1))
    assert (len(ran.tail(None)), ran.tail(None)[-1].code) == (MAX_ENTRIES, str(MAX_ENTRIES))
    ran.add(1, "big", "x" * (MAX_CHARACTERS + 1))
    assert len(ran.tail(1)[0].result) == MAX_CHARACTERS
