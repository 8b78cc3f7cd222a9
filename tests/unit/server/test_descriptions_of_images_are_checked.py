"""An agent's description of its image is bounded before it reaches a prompt."""

import pytest

from cellblock.agent.v1.agent_pb2 import DescribeImageResponse, Package
from cellblock_server.agent.answer_checks import (
    MAX_DESCRIBED,
    MAX_NAME_CHARACTERS,
    check_description,
)
from cellblock_server.agent.checks import ProtocolViolationError

LONG = "x" * (MAX_NAME_CHARACTERS + 1)
FALSE = {
    "version": DescribeImageResponse(python_version=LONG),
    "system": DescribeImageResponse(system=LONG),
    "package name": DescribeImageResponse(python_packages=[Package(name=LONG)]),
    "package version": DescribeImageResponse(system_packages=[Package(name="a", version=LONG)]),
    "font": DescribeImageResponse(fonts=[LONG]),
    "locale": DescribeImageResponse(locales=[LONG]),
    "program": DescribeImageResponse(programs=[LONG]),
    "many packages": DescribeImageResponse(python_packages=[Package()] * (MAX_DESCRIBED + 1)),
    "many fonts": DescribeImageResponse(fonts=["a"] * (MAX_DESCRIBED + 1)),
}


@pytest.mark.parametrize("answer", FALSE.values(), ids=FALSE)
def test_a_description_past_its_limits_is_a_violation(answer: DescribeImageResponse) -> None:
    with pytest.raises(ProtocolViolationError):
        check_description(answer)


def test_a_description_within_its_limits_is_accepted() -> None:
    check_description(
        DescribeImageResponse(fonts=["a"] * MAX_DESCRIBED, system=LONG[:MAX_NAME_CHARACTERS])
    )
