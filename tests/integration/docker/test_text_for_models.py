"""Text that a model gets of real executions: output, causes of failures, images and files."""

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from openai.types.beta.threads.runs import CodeInterpreterToolCall, RunStep

from cellblock_client import AsyncClient, Client, ExecutionResult, Limits
from cellblock_client.client import Execution, Session
from cellblock_client.errors import InvalidArgumentError, NotFoundError
from cellblock_client.events import Queued, Started
from cellblock_client.result import collect

LOST = "Variables are lost; files in /mnt/data are kept."
KEPT = "Variables and files are kept."
SLEEP = "print('begun')\nimport time\ntime.sleep(600)"


def test_output_and_files_are_one_text(shared_session: Session) -> None:
    result = shared_session.run(
        "import sys\nprint('out'); print('err', file=sys.stderr)\n"
        "for n in range(3): print(f'{n}/2', end='\\r')\n"
        "print()\nopen('my table.csv', 'w').write('a,b')\n6 * 7"
    )
    assert result.for_model() == (
        "out\nerr\n2/2\n42\nFiles created or changed:\n- sandbox:/mnt/data/my%20table.csv (3 bytes)"
    )


def test_a_figure_is_named_where_it_is_shown(full_session: Session) -> None:
    result = full_session.run(
        "import matplotlib.pyplot as plt\nprint('a')\nplt.plot([1, 2]); plt.show()\nprint('b')"
    )
    (image,) = result.images
    assert result.for_model() == f"a\n[Image: {image.filename}, id {image.id}]\nb"


def test_nothing_is_said_to_be_nothing(shared_session: Session) -> None:
    assert shared_session.execute("x = 1").for_model() == "[No output]"


def test_an_exception_ends_with_its_message(shared_session: Session) -> None:
    text = shared_session.run("print('before')\n{}['key']").for_model()
    assert text.startswith("before\n")
    assert text.endswith("KeyError: 'key'")
    assert "\x1b" not in text


def test_a_time_limit_is_named(shared_session: Session) -> None:
    text = shared_session.run(SLEEP, time_limit=1).for_model()
    assert text.startswith("begun\n")
    assert text.endswith(f"[Stopped: the code ran longer than its time limit of 1 second. {KEPT}]")


def test_memory_is_named_with_its_limit(client: Client) -> None:
    with client.sessions.create(limits=Limits(memory_bytes=512 * 2**20)) as session:
        text = session.run("x = bytearray(10**10)\nx[::4096] = b'1' * len(x[::4096])").for_model()
        assert "MemoryError" in text or "out of memory" in text
        text = session.run("x = []\nwhile True: x.append(bytearray(2**20))").for_model()
    assert text.endswith(f"[Killed: out of memory: limit 512 MiB. {LOST}]")


def test_a_death_is_named(session: Session) -> None:
    text = session.run("print('last', flush=True); import os; os._exit(3)").for_model()
    assert text == f"last\n[Failed: the kernel died: exit code 3. {LOST}]"


def _cancel(execution: Execution, _session: Session) -> None:
    execution.cancel()


def _restart(_execution: Execution, session: Session) -> None:
    session.restart()


def _delete(_execution: Execution, session: Session) -> None:
    session.delete()


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (_cancel, f"[Cancelled: the code was interrupted on request. {KEPT}]"),
        (_restart, f"[Stopped: the session was restarted while the code ran. {LOST}]"),
        (
            _delete,
            "[Stopped: the session ended: deleted on request. "
            "Variables and files in /mnt/data are lost; a new session is needed.]",
        ),
    ],
)
def test_what_callers_do_to_running_code_is_named(
    client: Client, end: Callable[[Execution, Session], None], words: str
) -> None:
    session = client.sessions.create()
    execution = session.execute(SLEEP)
    with ThreadPoolExecutor(1) as pool:
        for event in execution:
            if isinstance(event, Started):
                pool.submit(end, execution, session)
    assert client.executions.for_model(execution.id).endswith(words)
    session.delete()


def test_code_that_was_cancelled_in_the_queue_was_not_run(session: Session) -> None:
    first, second = session.execute(SLEEP), session.execute("print('never')")
    for event in first:
        if isinstance(event, Started):
            for queued in second:
                if isinstance(queued, Queued):
                    second.cancel()
            first.cancel()
    assert second.for_model() == "[Not run: cancelled before it started.]"


def test_run_step_logs_have_the_cause(client: Client, shared_session: Session) -> None:
    result = shared_session.run(SLEEP, time_limit=1)
    data = client.run_steps.get(result.execution.step_id).data
    step = RunStep.model_validate(data, strict=True)
    assert step.status == "failed"
    assert step.step_details.type == "tool_calls"
    (call,) = step.step_details.tool_calls
    assert isinstance(call, CodeInterpreterToolCall)
    (shown,) = call.code_interpreter.outputs
    assert shown.type == "logs"
    assert shown.logs.endswith(
        f"[Stopped: the code ran longer than its time limit of 1 second. {KEPT}]\n"
    )


def test_a_flood_is_bounded_and_keeps_its_error(shared_session: Session) -> None:
    result = shared_session.run("for n in range(20_000): print('line', n)\n1 / 0")
    text = result.for_model(1_000)
    assert len(text) <= 1_000
    assert text.startswith("line 0\n")
    assert text.endswith("ZeroDivisionError: division by zero")
    assert "characters were left out here" in text
    assert len(result.for_model()) <= 20_000


def test_an_invalid_length_is_refused(client: Client, shared_session: Session) -> None:
    result = shared_session.run("1")
    with pytest.raises(InvalidArgumentError, match="1000 to 1000000"):
        result.for_model(10)
    with pytest.raises(NotFoundError):
        client.executions.for_model("call_missing")


def test_a_copied_result_keeps_all_but_the_connection(shared_session: Session) -> None:
    result = shared_session.run("print(1)")
    copied = pickle.loads(pickle.dumps(result))  # noqa: S301 - our own
    assert copied == collect(result.events)
    assert type(copied) is ExecutionResult


async def test_the_async_client_returns_the_same_text(async_client: AsyncClient) -> None:
    async with await async_client.sessions.create() as session:
        execution = session.execute("print('a')")
        text = await execution.for_model()
        assert text == await async_client.executions.for_model(execution.id) == "a"
        assert await (await session.run("print('a')")).for_model() == "a"
