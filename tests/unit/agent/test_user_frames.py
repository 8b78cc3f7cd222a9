"""Frames of a traceback that belong to the user."""

import json
import traceback

from cellblock_agent.kernel.user_frames import hide_library_frames


def failed() -> json.JSONDecodeError:
    """Return an exception with a frame of this file and some of the library's."""
    try:
        json.loads("{")
    except json.JSONDecodeError as error:
        return error
    raise AssertionError("it did not fail")


def files(error: BaseException) -> set[str]:
    return {frame.filename for frame in traceback.extract_tb(error.__traceback__)}


def test_frames_of_libraries_are_hidden() -> None:
    error = failed()
    assert files(error) > {__file__}
    hide_library_frames(error)
    assert files(error) == {__file__}


def test_an_exception_of_a_library_alone_keeps_its_frames() -> None:
    error = failed()
    assert error.__traceback__ is not None
    error.__traceback__ = error.__traceback__.tb_next
    before = files(error)
    hide_library_frames(error)
    assert files(error) == before != set()


def test_a_cause_of_a_library_alone_is_named_without_frames() -> None:
    cause = failed()
    assert cause.__traceback__ is not None
    cause.__traceback__ = cause.__traceback__.tb_next
    error = ValueError("no")
    error.__cause__ = cause
    hide_library_frames(error)
    assert files(cause) == set()
