"""Watching run steps goes on where a stream broke; pages are followed to the last."""

import json
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest

from cellblock.v1 import execution_pb2, run_step_pb2_grpc
from cellblock.v1 import run_step_pb2 as pb
from cellblock_client import AsyncClient, Client, Place, RunStepFormat, calls, errors
from cellblock_client.run_step_types import RunStepEvent

EVENTS = [(step, sequence) for step in ("step_a", "step_b", "step_c") for sequence in (1, 2, 3)]
STEPS = [f"step_{number}" for number in range(5)]


class Service(run_step_pb2_grpc.RunStepServiceServicer):
    """Has three run steps of three events; each stream breaks after as many as `breaks` says."""

    def __init__(self) -> None:
        self.address = ""
        self.breaks: list[int] = []
        self.watched: list[pb.WatchRunStepsRequest] = []
        self.listed: list[pb.ListRunStepsRequest] = []
        self.lost: set[tuple[str, int]] = set()
        """Events that are not sent."""

    def WatchRunSteps(  # noqa: N802
        self, request: Any, context: Any
    ) -> Iterator[pb.WatchRunStepsResponse]:
        self.watched.append(request)
        left = self.breaks.pop(0) if self.breaks else len(EVENTS) + 1
        after = (request.after_step_id, request.after_sequence)
        for step, sequence in EVENTS[EVENTS.index(after) + 1 if after[0] else 0 :]:
            if left == 0:
                context.abort(grpc.StatusCode.UNAVAILABLE, "broken")
            left -= 1
            if (step, sequence) not in self.lost:
                data = json.dumps({"id": step})
                yield pb.WatchRunStepsResponse(
                    step_id=step, sequence=sequence, event="thread.run.step.delta", data=data
                )
        if left == 0:
            context.abort(grpc.StatusCode.UNAVAILABLE, "broken")

    def ListRunSteps(self, request: Any, context: Any) -> pb.ListRunStepsResponse:  # noqa: N802
        self.listed.append(request)
        rest = STEPS[STEPS.index(request.after) + 1 if request.after else 0 :]
        data = [
            pb.RunStep(id=step, status=pb.RUN_STEP_STATUS_COMPLETED, json="{}") for step in rest[:2]
        ]
        return pb.ListRunStepsResponse(
            data=data,
            first_id=data[0].id if data else "",
            last_id=data[-1].id if data else "",
            has_more=len(rest) > 2,
        )


@pytest.fixture
def service() -> Iterator[Service]:
    server = grpc.server(futures.ThreadPoolExecutor(4))
    service = Service()  # type: ignore[abstract] # the other calls are not made
    run_step_pb2_grpc.add_RunStepServiceServicer_to_server(service, server)
    service.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield service
    server.stop(None).wait()


def places(found: list[RunStepEvent]) -> list[tuple[str, int]]:
    return [(event.step_id, event.sequence) for event in found]


def asked(service: Service) -> list[tuple[str, int]]:
    return [(request.after_step_id, request.after_sequence) for request in service.watched]


# Before the first, within a step, at a step's end, and after the last of all.
BREAKS = [0, 2, 1, 0, 5, 1]
ASKED = [
    ("", 0), ("", 0), ("step_a", 2), ("step_a", 3), ("step_a", 3), ("step_c", 2), ("step_c", 3),
]  # fmt: skip


def test_each_event_comes_once(service: Service) -> None:
    service.breaks = list(BREAKS)
    with Client(service.address) as client:
        found = list(client.run_steps.watch(session_id="sess_1", format=RunStepFormat.RESPONSES))
    assert places(found) == EVENTS
    assert found[0].data == {"id": "step_a"}
    assert asked(service) == ASKED
    assert {request.session_id for request in service.watched} == {"sess_1"}
    assert {request.format for request in service.watched} == {pb.RUN_STEP_FORMAT_RESPONSES}


async def test_asyncio_does_the_same(service: Service) -> None:
    service.breaks = list(BREAKS)
    async with AsyncClient(service.address) as client:
        found = [event async for event in client.run_steps.watch(run_id="run_1")]
    assert places(found) == EVENTS
    assert asked(service) == ASKED


def test_it_begins_after_an_event_of_the_callers(service: Service) -> None:
    service.breaks = [1]
    with Client(service.address) as client:
        found = client.run_steps.watch(
            thread_id="t", after_step_id=EVENTS[3][0], after_sequence=EVENTS[3][1]
        )
        assert places(list(found)) == EVENTS[4:]
    assert asked(service) == [EVENTS[3], EVENTS[4]]


@pytest.mark.parametrize("lost", [("step_a", 2), ("step_b", 1)])
def test_a_gap_is_an_error(service: Service, lost: tuple[str, int]) -> None:
    service.lost = {lost}
    with Client(service.address) as client, pytest.raises(errors.ServerError, match="came instead"):
        list(client.run_steps.watch(session_id="sess_1"))


def test_it_gives_up_when_nothing_comes_any_more(service: Service) -> None:
    service.breaks = [2, *[0] * 100]
    with Client(service.address, retry_for=0.5) as client:
        watched = client.run_steps.watch(session_id="sess_1")
        assert places([next(watched), next(watched)]) == EVENTS[:2]
        with pytest.raises(errors.UnavailableError, match="broken"):
            next(watched)
    assert set(asked(service)[1:]) == {EVENTS[1]}


def test_all_pages_are_fetched(service: Service) -> None:
    with Client(service.address) as client:
        assert [step.id for step in client.run_steps.iterate(run_id="run_1")] == STEPS
        assert [request.after for request in service.listed] == ["", "step_1", "step_3"]
        page = client.run_steps.list(run_id="run_1", limit=2, after="step_1")
    assert (page.first_id, page.last_id, page.has_more) == ("step_2", "step_3", True)
    assert [step.id for step in page.data] == ["step_2", "step_3"]


async def test_all_pages_are_fetched_with_asyncio(service: Service) -> None:
    async with AsyncClient(service.address) as client:
        assert [step.id async for step in client.run_steps.iterate(run_id="run_1")] == STEPS
        assert (await client.run_steps.list(run_id="run_1")).last_id == "step_1"


def test_an_execution_says_where_it_stands() -> None:
    def request(place: Place | None) -> execution_pb2.ExecuteRequest:
        return calls.execute(
            "sess_1", "1", None, None, environment=None, cancel_on_disconnect=False, place=place
        )

    assert not request(None).HasField("place")
    assert request(Place("t", "run_1", "asst_1", "step_1", more_calls=True)).place == (
        execution_pb2.RunStepPlace(
            thread_id="t", run_id="run_1", assistant_id="asst_1", step_id="step_1", more_calls=True
        )
    )
