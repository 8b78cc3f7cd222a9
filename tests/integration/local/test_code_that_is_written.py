"""Completion, inspection and completeness from a session's kernel, by both clients."""

from collections.abc import Iterator

import pytest

from cellblock_client import AsyncClient, Client, CodeStatus
from cellblock_client.client import Session
from cellblock_client.embedded import embedded_server
from cellblock_client.errors import Error, UnavailableError
from cellblock_client.events import Started
from tests.support.error_table import check

SETUP = "größe = 'x'\nclass Smörgås:\n    'Many things.'\n    brød = 1\ndef make(): return Smörgås"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with embedded_server("local") as address:
        yield address


@pytest.fixture(scope="module")
def session(address: str) -> Iterator[Session]:
    with Client(address) as client, client.sessions.create() as session:
        session.run(SETUP)
        yield session


def test_positions_of_completions_are_in_code_points(session: Session) -> None:
    code = "größe; Smörgås.br + 1"
    place = code.index(" +")
    found = session.complete(code, place)
    (item,) = found.items
    completed = code[: found.cursor_start] + item.text + code[found.cursor_end :]
    assert completed == "größe; Smörgås.brød + 1"
    assert item.type == "attribute"


def test_the_default_position_is_the_end(session: Session) -> None:
    assert "größe" in {item.text for item in session.complete("grö").items}
    assert session.inspect("Smörgås").found


def test_a_name_is_inspected_with_its_source_if_wanted(session: Session) -> None:
    code = "x = make() + Smörgås()"
    assert "Many things." in session.inspect(code, len(code) - 2).data["text/plain"]
    place = code.index("(")
    assert "return Smörgås" not in session.inspect(code, place).data["text/plain"]
    assert "return" in session.inspect(code, place, detail_level=1).data["text/plain"]
    assert not session.inspect("nothing_of_that_name").found


@pytest.mark.parametrize(
    ("code", "status", "indent"),
    [
        ("1 + 1", CodeStatus.COMPLETE, ""),
        ("for x in y:", CodeStatus.INCOMPLETE, "    "),
        ("f(1,", CodeStatus.INCOMPLETE, ""),
        ("1 +)", CodeStatus.INVALID, ""),
        ("", CodeStatus.COMPLETE, ""),
    ],
)
def test_code_is_complete_or_not(
    session: Session, code: str, status: CodeStatus, indent: str
) -> None:
    answer = session.is_complete(code)
    assert (answer.status, answer.indent) == (status, indent)


def test_nothing_is_executed_but_the_session_is_used(session: Session) -> None:
    before = session.refresh()
    session.complete("print(größe)\nimport o")
    after = session.refresh()
    assert after.execution_count == before.execution_count == len(list(session.executions()))
    assert after.last_use_time > before.last_use_time
    assert after.background_output == ""


def test_questions_are_refused_immediately_while_code_runs(session: Session) -> None:
    execution = session.execute("while True: pass")
    events = iter(execution)
    next(event for event in events if isinstance(event, Started))
    for ask in (session.complete, session.inspect, session.is_complete):
        with pytest.raises(UnavailableError) as caught:
            ask("1")
        assert caught.value.reason == "KERNEL_BUSY"
        assert execution.id in caught.value.message
        check(caught.value)
    execution.cancel()
    list(events)
    assert session.is_complete("1").status is CodeStatus.COMPLETE


@pytest.mark.parametrize(
    ("code", "place", "field"),
    [("ab", 3, "cursor_pos"), ("ab", -1, "cursor_pos"), ("a\0b", None, "code")],
)
def test_a_bad_field_is_named(session: Session, code: str, place: int | None, field: str) -> None:
    for ask in (session.complete, session.inspect):
        with pytest.raises(Error) as caught:
            ask(code, place)
        assert caught.value.field == field


def test_an_invalid_level_of_detail_is_named(session: Session) -> None:
    with pytest.raises(Error) as caught:
        session.inspect("x", detail_level=2)
    assert caught.value.field == "detail_level"


async def test_asyncio_gives_the_same_answers(address: str) -> None:
    async with AsyncClient(address) as client, await client.sessions.create() as session:
        await session.run(SETUP)
        assert (await session.complete("Smörgås.b")).items[0].text.endswith("brød")
        assert (await session.inspect("Smörgås")).found
        assert (await session.is_complete("def f():")).status is CodeStatus.INCOMPLETE
