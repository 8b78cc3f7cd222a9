"""Requests for run steps are checked before anything is read."""

from typing import Any

import pytest

from cellblock_server.app.run_steps import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    MAX_TEXT_BYTES,
    RunStepUseCases,
    check_watched,
)
from cellblock_server.common.errors import InvalidArgumentError, OutOfRangeError
from cellblock_server.runsteps.run_step_service import ShownPage, Watched
from cellblock_server.runsteps.step import Format
from cellblock_server.store.records import StepFilter

ABSENT: Any = None


class Steps:
    """A run step service that records the limit of each request."""

    def __init__(self) -> None:
        self.limits: list[int] = []

    async def list(self, _tenant: str, wanted: StepFilter, _form: Format) -> ShownPage:
        """Do the same as `RunStepService.list`, without steps."""
        self.limits.append(wanted.limit)
        return ShownPage([], has_more=False)


@pytest.mark.parametrize(
    "wanted",
    [StepFilter(limit=-1), StepFilter(limit=MAX_LIMIT + 1), StepFilter(after="a", before="b")],
)
async def test_invalid_page_parameters_are_refused(wanted: StepFilter) -> None:
    with pytest.raises(InvalidArgumentError):
        await RunStepUseCases(ABSENT, ABSENT).list("t", wanted, Format.ASSISTANTS)


async def test_limit_of_zero_means_the_default() -> None:
    steps: Any = Steps()
    use_cases = RunStepUseCases(steps, ABSENT)
    for limit in (0, MAX_LIMIT):
        await use_cases.list("t", StepFilter(limit=limit), Format.ASSISTANTS)
    assert steps.limits == [DEFAULT_LIMIT, MAX_LIMIT]


@pytest.mark.parametrize(
    "watched",
    [Watched(), Watched(step_id="a", run_id="b"), Watched(step_id="a", after_sequence=-1)],
)
def test_invalid_watch_parameters_are_refused(watched: Watched) -> None:
    with pytest.raises(InvalidArgumentError):
        check_watched(watched)


@pytest.mark.parametrize("name", ["step_id", "run_id", "thread_id", "session_id"])
def test_each_resource_can_be_watched(name: str) -> None:
    named: Any = {name: "a"}
    check_watched(Watched(**named))


async def test_text_for_annotations_is_limited_in_bytes() -> None:
    with pytest.raises(OutOfRangeError):
        await RunStepUseCases(ABSENT, ABSENT).resolve_annotations(
            "t", "sess_1", "ä" * (MAX_TEXT_BYTES // 2 + 1), Format.ASSISTANTS
        )
