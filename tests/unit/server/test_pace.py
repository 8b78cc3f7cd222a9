"""Rate limit for a sandbox's events outside executions; events of executions are exempt."""

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


def test_events_of_an_execution_are_never_delayed() -> None:
    assert BackgroundEventRate().count_batch(batch(10**5, execution_id="call_1"), 0.0) == 0


def test_events_over_the_burst_are_delayed() -> None:
    pace = BackgroundEventRate()
    for _ in range(int(BURST_SECONDS)):
        assert pace.count_batch(batch(EVENTS_PER_SECOND), 0.0) == 0
    assert pace.count_batch(batch(EVENTS_PER_SECOND // 2), 0.0) == 0.5


def test_bytes_are_limited_like_events() -> None:
    pace = BackgroundEventRate()
    assert pace.count_batch(batch(4, BYTES_PER_SECOND), 0.0) < 0.001
    assert pace.count_batch(batch(1, BYTES_PER_SECOND // 2), 0.0) > 0.4


def test_allowance_recovers_with_time() -> None:
    pace = BackgroundEventRate()
    pace.count_batch(batch(EVENTS_PER_SECOND * 5), 0.0)
    assert pace.count_batch(batch(1), 10.0) == 0


def test_delay_is_bounded() -> None:
    pace = BackgroundEventRate()
    for _ in range(10):
        assert pace.count_batch(batch(10**6), 0.0) <= MAX_WAIT
