"""Links in a message's text, however a model writes them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellblock_server.runsteps.annotations import find_links, resolve

KNOWN = {
    "/mnt/data/out.csv",
    "/mnt/data/my file.csv",
    "/mnt/data/my",
    "/mnt/data/50%.txt",
    "/mnt/data/größe 漢.png",
    "/mnt/data/a(1).txt",
    "/mnt/data/deep/er/x.txt",
    "/mnt/data/under_score_",
    "/mnt/data/end.",
}


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("[x](sandbox:/mnt/data/out.csv)", ["sandbox:/mnt/data/out.csv"]),
        ("see sandbox:/mnt/data/out.csv.", ["sandbox:/mnt/data/out.csv"]),
        ("sandbox:/mnt/data/out.csv", ["sandbox:/mnt/data/out.csv"]),
        ("**sandbox:/mnt/data/out.csv**, and", ["sandbox:/mnt/data/out.csv"]),
        ("`sandbox:/mnt/data/out.csv`", ["sandbox:/mnt/data/out.csv"]),
        ("[x](<sandbox:/mnt/data/my file.csv>)", ["sandbox:/mnt/data/my file.csv"]),
        ("[x](sandbox:/mnt/data/my file.csv)", ["sandbox:/mnt/data/my file.csv"]),
        ("[x](sandbox:/mnt/data/my%20file.csv 'title')", ["sandbox:/mnt/data/my%20file.csv"]),
        ("sandbox:/mnt/data/my file.doc", ["sandbox:/mnt/data/my"]),
        ("[x](sandbox:/mnt/data/50%.txt)", ["sandbox:/mnt/data/50%.txt"]),
        ("[x](sandbox:/mnt/data/50%25.txt)", ["sandbox:/mnt/data/50%25.txt"]),
        ("(sandbox:/mnt/data/größe 漢.png)", ["sandbox:/mnt/data/größe 漢.png"]),
        (
            "(sandbox:/mnt/data/gr%C3%B6%C3%9Fe%20%E6%BC%A2.png)",
            ["sandbox:/mnt/data/gr%C3%B6%C3%9Fe%20%E6%BC%A2.png"],
        ),
        ("[x](sandbox:/mnt/data/a(1).txt)", ["sandbox:/mnt/data/a(1).txt"]),
        (r"[x](sandbox:/mnt/data/a\(1\).txt)", [r"sandbox:/mnt/data/a\(1\).txt"]),
        ("sandbox:/mnt/data/under_score_", ["sandbox:/mnt/data/under_score_"]),
        ("sandbox:/mnt/data/end.", ["sandbox:/mnt/data/end."]),
        (
            "a sandbox:/mnt/data/out.csv b sandbox:/mnt/data/out.csv",
            ["sandbox:/mnt/data/out.csv"] * 2,
        ),
        ("😀 [x](sandbox:/mnt/data/deep/er/x.txt)", ["sandbox:/mnt/data/deep/er/x.txt"]),
    ],
)
def test_links_to_files(text: str, links: list[str]) -> None:
    good, bad = resolve(find_links(text), KNOWN)
    assert [link.text for link in good] == links
    assert bad == []
    assert all(text[link.start : link.end] == link.text for link in good)
    assert all(link.path in KNOWN for link in good)


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("[x](sandbox:/mnt/data/no.csv)", ["sandbox:/mnt/data/no.csv"]),
        ("look at sandbox:/mnt/data/no.csv, please", ["sandbox:/mnt/data/no.csv"]),
        ("sandbox:/mnt/data/../../etc/passwd", ["sandbox:/mnt/data/../../etc/passwd"]),
        ("sandbox:/mnt/data/", ["sandbox:/mnt/data/"]),
        ("sandbox:/etc/passwd and /mnt/data", []),
    ],
)
def test_links_to_no_file(text: str, unknown: list[str]) -> None:
    good, bad = resolve(find_links(text), KNOWN)
    assert good == []
    assert [link.text for link in bad] == unknown


@given(st.text(alphabet=st.sampled_from("ab .()[]<>%2\n`*_漢😀\\"), max_size=40))
def test_any_text(rest: str) -> None:
    text = f"x{rest}sandbox:/mnt/data/out.csv{rest}sandbox:/mnt/data/{rest}"
    good, bad = resolve(find_links(text), KNOWN)
    for link in good + bad:
        assert text[link.start : link.end] == link.text
    places = sorted((link.start, link.end) for link in good + bad)
    assert all(one[1] <= two[0] for one, two in pairwise(places))


def test_it_is_quick_on_hostile_text() -> None:
    text = "sandbox:/mnt/data/" + "a(.)_ " * 100_000
    good, bad = resolve(find_links(text * 2), KNOWN)
    assert (len(good), len(bad)) == (0, 2)
