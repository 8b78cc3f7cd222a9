"""An agent that sends more than its output limits allow is treated as compromised."""

import pytest

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_server.agent.checks import ProtocolViolationError
from cellblock_server.recording.allowance import SLACK_BYTES, SLACK_EVENTS, Allowance

LIMITS = pb.OutputLimits(
    max_text_bytes=1000, max_rich_bytes=1000, max_image_bytes=1000, max_images=1, max_events=10
)


def test_text_bytes_are_bounded() -> None:
    with pytest.raises(ProtocolViolationError, match="more output than it may show"):
        spend_events("x" * 10_000, times=SLACK_BYTES // 10_000 + 2)


def test_events_are_bounded() -> None:
    with pytest.raises(ProtocolViolationError, match="more output than it may show"):
        spend_events("", times=SLACK_EVENTS + 21)


def test_output_of_a_correct_agent_passes() -> None:
    spend_events("x" * 100, times=12)


def spend_events(text: str, *, times: int) -> None:
    allowance = Allowance(LIMITS)
    for _ in range(times):
        allowance.spend(pb.Event(stream_text=pb.StreamText(text=text)))
