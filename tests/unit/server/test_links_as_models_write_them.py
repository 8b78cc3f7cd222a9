"""Links to files are found in every form in which models write them."""

import unicodedata

import pytest

from cellblock_server.runsteps.annotations import (
    MAX_CANDIDATES,
    MAX_STARTS,
    find_links,
    resolve,
    unambiguous,
)

DECOMPOSED = unicodedata.normalize("NFD", "café.csv")
SCREENSHOT = "Shot 9.41\u202fAM.png"
KNOWN = {
    f"/mnt/data/{name}"
    for name in (
        "out.csv", "my file.csv", "my", "a(1).txt", "a&b.csv", "c#.txt", "100%.txt", "100%25.txt",
        "deep/er/x.txt", "Report.PDF", "Same", "same", DECOMPOSED, SCREENSHOT,
    )
}  # fmt: skip


def links_in(text: str) -> tuple[list[tuple[str, str]], list[str]]:
    good, bad = resolve(find_links(text), KNOWN, unambiguous(KNOWN))
    assert all(text[link.start : link.end] == link.text for link in good + bad)
    return [(link.text, link.path.removeprefix("/mnt/data/")) for link in good], [
        link.text for link in bad
    ]


@pytest.mark.parametrize(
    ("text", "link", "name"),
    [
        ("[x](sandbox:///mnt/data/out.csv)", "sandbox:///mnt/data/out.csv", "out.csv"),
        ("[x](sandbox://mnt/data/out.csv)", "sandbox://mnt/data/out.csv", "out.csv"),
        ("[x](Sandbox:/mnt/data/out.csv)", "Sandbox:/mnt/data/out.csv", "out.csv"),
        ("SANDBOX:/mnt/data/out.csv", "SANDBOX:/mnt/data/out.csv", "out.csv"),
        ("[x](sandbox:out.csv)", "sandbox:out.csv", "out.csv"),
        ("[x](sandbox:/out.csv)", "sandbox:/out.csv", "out.csv"),
        ("[x](file:///mnt/data/out.csv)", "file:///mnt/data/out.csv", "out.csv"),
        ("[x](attachment:/mnt/data/out.csv)", "attachment:/mnt/data/out.csv", "out.csv"),
        ("[x](attachment:out.csv)", "attachment:out.csv", "out.csv"),
        ("saved to /mnt/data/out.csv.", "/mnt/data/out.csv", "out.csv"),
        ("**/mnt/data/out.csv**", "/mnt/data/out.csv", "out.csv"),
        ("[x](/mnt/data/out.csv)", "/mnt/data/out.csv", "out.csv"),
        ("[x](mnt/data/out.csv)", "mnt/data/out.csv", "out.csv"),
        ("[x](./out.csv)", "./out.csv", "out.csv"),
        ("[x](out.csv)", "out.csv", "out.csv"),
        ("[x](deep/er/x.txt)", "deep/er/x.txt", "deep/er/x.txt"),
        ("![p](out.csv)", "out.csv", "out.csv"),
        ("[1]: ./out.csv", "./out.csv", "out.csv"),
        ("[x](<my file.csv>)", "my file.csv", "my file.csv"),
        ("[x](my file.csv)", "my file.csv", "my file.csv"),
        ("[x](my%20file.csv)", "my%20file.csv", "my file.csv"),
        ('[x](out.csv "title")', "out.csv", "out.csv"),
        ("[x](out.csv 'title')", "out.csv", "out.csv"),
        ("(/mnt/data/a(1).txt)", "/mnt/data/a(1).txt", "a(1).txt"),
        ("[x](sandbox:/mnt/data/out.csv#page=2)", "sandbox:/mnt/data/out.csv#page=2", "out.csv"),
        ("[x](/mnt/data/out.csv?download=1)", "/mnt/data/out.csv?download=1", "out.csv"),
        ("Is it /mnt/data/out.csv?", "/mnt/data/out.csv", "out.csv"),
        ("[x](c#.txt)", "c#.txt", "c#.txt"),
        ("[x](100%.txt)", "100%.txt", "100%.txt"),
        ("[x](100%25.txt)", "100%25.txt", "100%25.txt"),
        ('<a href="sandbox:/mnt/data/a&amp;b.csv">', "sandbox:/mnt/data/a&amp;b.csv", "a&b.csv"),
        ("<img src='out.csv'>", "out.csv", "out.csv"),
        ("<img src=out.csv>", "out.csv", "out.csv"),
        ("`sandbox:/mnt/data/out.csv`", "sandbox:/mnt/data/out.csv", "out.csv"),
        ("😀 [x](./out.csv)", "./out.csv", "out.csv"),
    ],
)
def test_every_usual_form_is_a_link(text: str, link: str, name: str) -> None:
    assert links_in(text) == ([(link, name)], [])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[x](report.pdf)", "Report.PDF"),
        ("[x](sandbox:/mnt/data/MY%20FILE.csv)", "my file.csv"),
        ("[x](sandbox:/mnt/data/café.csv)", DECOMPOSED),
        ("[x](sandbox:/mnt/data/caf%C3%A9.csv)", DECOMPOSED),
        ("[x](sandbox:/mnt/data/Shot 9.41 AM.png)", SCREENSHOT),
        ("[x](sandbox:/mnt/data/same)", "same"),
    ],
)
def test_a_name_that_is_written_differently_is_found(text: str, name: str) -> None:
    assert [found for _text, found in links_in(text)[0]] == [name]


@pytest.mark.parametrize(
    "text",
    [
        "`/mnt/data/out.csv`",
        "``open('/mnt/data/out.csv')``",
        "```python\nopen('/mnt/data/out.csv')\n```",
        "~~~\n[x](out.csv)\n~~~",
        "```\n[x](out.csv)",
        "[x](https://example.org/mnt/data/out.csv)",
        "https://example.org/mnt/data/out.csv",
        "C:/mnt/data/out.csv",
        "[x](/etc/out.csv)",
        "[x](#out.csv)",
        "[x](no.csv)",
        "see /mnt/data/no.csv",
        "out.csv",
    ],
)
def test_code_and_other_places_stay_as_they_are(text: str) -> None:
    assert links_in(text) == ([], [])


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("[x](/mnt/data/no.csv)", "/mnt/data/no.csv"),
        ("[x](sandbox:///mnt/data/no.csv)", "sandbox:///mnt/data/no.csv"),
        ("[x](sandbox:/mnt/data/SAME)", "sandbox:/mnt/data/SAME"),
    ],
)
def test_a_link_to_no_file_or_to_several_is_unknown(text: str, unknown: str) -> None:
    assert links_in(text) == ([], [unknown])


def test_links_after_code_are_found() -> None:
    text = "```\nopen('/mnt/data/out.csv')\n```\nSee [o](out.csv), `x`, and [p](./out.csv#2)."
    assert [link for link, _name in links_in(text)[0]] == ["out.csv", "./out.csv#2"]


@pytest.mark.parametrize(
    "piece",
    ["sandbox:/mnt/data/ ", "](", "](a.b.c.d ", "`", "``a ` ", "```\n", "/mnt/data/a.b c ",
     "href=", "[a]: ", "[" * 100],
)  # fmt: skip
def test_a_hostile_text_has_a_bounded_number_of_candidates(piece: str) -> None:
    found = find_links((piece * 2**20)[: 2**20])
    resolve(found, KNOWN, unambiguous(KNOWN))
    assert sum(len(place.candidates) for place in found) < MAX_CANDIDATES + 1000
    assert len(found) <= MAX_STARTS


def test_a_query_is_as_short_as_usual_ones() -> None:
    """Otherwise each of thousands of links would hold a copy of the whole text."""
    text = "?/mnt/data/x" * 200 + "?" * 100 + "a" * 1_000_000
    found = find_links(text)
    assert max(len(link.text) for start in found for link in start.candidates) < 2000


def test_a_scheme_does_not_begin_within_a_word() -> None:
    assert find_links("mysandbox:/mnt/data/plot.png") == []
