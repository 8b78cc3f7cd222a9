"""What a sandbox says for itself is taken at a pace; what executions show is not held up."""

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_server.recording.event_rate import (
    BURST_SECONDS,
    BYTES_PER_SECOND,
    EVENTS_PER_SECOND,
    MAX_WAIT,
    BackgroundEventRate,
)


def batch(events: int, size: int = 0, execution_id: str = "") -> list[pb.Event]:
    text = pb.StreamText(text="x" * size)
    return [pb.Event(execution_id=execution_id, stream_text=text)] * events


def test_an_executions_events_are_free() -> None:
    assert BackgroundEventRate().count_batch(batch(10**5, execution_id="call_1"), 0.0) == 0


def test_a_burst_is_free_and_more_is_not() -> None:
    pace = BackgroundEventRate()
    for _ in range(int(BURST_SECONDS)):
        assert pace.count_batch(batch(EVENTS_PER_SECOND), 0.0) == 0
    assert pace.count_batch(batch(EVENTS_PER_SECOND // 2), 0.0) == 0.5


def test_bytes_count_as_events_do() -> None:
    pace = BackgroundEventRate()
    assert pace.count_batch(batch(4, BYTES_PER_SECOND), 0.0) < 0.001
    assert pace.count_batch(batch(1, BYTES_PER_SECOND // 2), 0.0) > 0.4


def test_time_pays() -> None:
    pace = BackgroundEventRate()
    pace.count_batch(batch(EVENTS_PER_SECOND * 5), 0.0)
    assert pace.count_batch(batch(1), 10.0) == 0


def test_no_wait_is_long() -> None:
    pace = BackgroundEventRate()
    for _ in range(10):
        assert pace.count_batch(batch(10**6), 0.0) <= MAX_WAIT
