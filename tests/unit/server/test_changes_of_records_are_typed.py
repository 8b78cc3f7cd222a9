"""A change names fields of its record, with their types: mypy checks its values by that."""

from typing import get_type_hints

import pytest

from cellblock_server.store.record_fields import (
    ExecutionFields,
    SessionFields,
    changed_fields,
    with_session_fields,
)
from cellblock_server.store.records import ExecutionRecord, SessionRecord, SessionState
from tests.support.records import session_record


@pytest.mark.parametrize(
    ("fields", "record"), [(SessionFields, SessionRecord), (ExecutionFields, ExecutionRecord)]
)
def test_changes_of_records_are_typed(fields: type, record: type) -> None:
    known = get_type_hints(record)
    named = get_type_hints(fields)
    assert named == {name: known[name] for name in named}


def test_a_new_version_leaves_the_old_one_as_it_was() -> None:
    before = session_record()
    after = with_session_fields(before, state=SessionState.BUSY)
    assert before == session_record()
    assert changed_fields(before, after) == {"state": SessionState.BUSY}
