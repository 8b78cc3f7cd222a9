"""The agent's memory for one message is bounded, even if code signs the message."""

import pytest

from cellblock_client import Client, Limits
from tests.support.forged_messages import FORGE

LARGE = {
    "lists of nothing": "b'{\"data\": [' + b'[],' * (16 * 2**20) + b'[]]}'",
    "nested lists": "b'{\"data\": ' + b'[' * (48 * 2**20) + b'}'",
    "one wide character": "('\"' + 'x' * (40 * 2**20) + '\\U0001F4A1' + '\"').encode()",
}


@pytest.mark.parametrize("content", LARGE.values(), ids=LARGE)
def test_the_agent_survives_oversized_messages(client: Client, content: str) -> None:
    with client.sessions.create(limits=Limits(memory_bytes=256 * 2**20)) as session:
        session.run(f"{FORGE}say_json('display_data', {content})", time_limit=20)
        # The kernel's next output may be lost with the connection that it abused.
        session.restart()
        assert session.run("1 + 1").text == "2"


def test_oversized_output_is_named(client: Client) -> None:
    with client.sessions.create(limits=Limits(memory_bytes=512 * 2**20)) as session:
        result = session.run(
            "from IPython.display import HTML, display\n"
            "display(HTML('x' * (30 * 2**20))); print('after')"
        )
        assert (result.error, result.failure) == (None, None)
        assert result.stdout == "after\n"
        assert result.stderr == "[display_data: left out, 30 MiB are more than 21.33 MiB]\n"


def test_an_exception_with_a_huge_message_is_still_reported(client: Client) -> None:
    with client.sessions.create(limits=Limits(memory_bytes=512 * 2**20)) as session:
        result = session.run("raise ValueError('x' * (30 * 2**20))")
        assert result.error is not None
        assert result.error.name == "ValueError"
        assert result.error.value.startswith("xxx")
