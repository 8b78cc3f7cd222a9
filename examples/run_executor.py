"""Run executor: an agent's loop, from a question to an answer with its run steps.

    python examples/run_executor.py --base-url URL --model NAME --attach data.csv QUESTION

A chat model at any OpenAI-compatible URL is offered one tool, a code interpreter. Its code goes to
Cellblock while it is being written. Standard output has what a user's client would be sent: the
server-sent events of the Assistants API, the message with its annotations, and then, as an event
of this example's own, `run_steps`, the whole run steps.

Uses the Cellblock server that CELLBLOCK_ADDRESS names, and OPENAI_API_KEY.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import openai
from jiter import from_json

from cellblock_client import AsyncClient, Error, ListOrder, Place, errors
from cellblock_client.aio import AsyncSession
from cellblock_client.openai_errors import http_error

MAX_TURNS = 20
INSTRUCTIONS = """Answer with the help of the tool `python`. The user's files are in /mnt/data.
To hand a file to the user, save it there, and link it: [its name](sandbox:/mnt/data/its-name)."""
CODE = {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]}
DESCRIPTION = "Runs Python in a notebook that remembers its variables. Has no network."
FUNCTION = {"name": "python", "description": DESCRIPTION, "parameters": CODE}
TOOL: Any = {"type": "function", "function": FUNCTION}
ENDS = {f"thread.run.step.{end}" for end in ("completed", "failed", "cancelled", "expired")}


def emit(event: str, **data: object) -> None:
    print(f"event: {event}\ndata: {json.dumps(data)}\n", flush=True)


class ToolCall:
    """Tool call that the model is writing."""

    def __init__(self) -> None:
        self.id = ""
        self.arguments = ""
        self.step_id = f"step_{token_hex(12)}"
        self._fragments: asyncio.Queue[str | None] = asyncio.Queue()

    def write(self, fragment: str | None) -> None:
        """Parse the next fragment of the arguments, which are JSON; None after the last."""
        self._fragments.put_nowait(fragment)

    async def code(self) -> AsyncIterator[str]:
        """Yield the argument `code` as it arrives. Raises ValueError or TypeError for others."""
        sent = 0
        while (fragment := await self._fragments.get()) is not None:
            self.arguments += fragment
            if self.arguments:
                found = from_json(self.arguments.encode(), partial_mode="trailing-strings")
                code = str(found["code"]) if "code" in found else ""
                yield code[sent:]
                sent = len(code)
        json.loads(self.arguments)

    def message(self) -> dict[str, object]:
        """Return the message for the model's next turn."""
        function = {"name": "python", "arguments": self.arguments}
        return {"id": self.id, "type": "function", "function": function}


class Run:
    """One run of a model on a thread, with the thread's session."""

    def __init__(
        self, model: openai.AsyncOpenAI, name: str, client: AsyncClient, session: AsyncSession
    ) -> None:
        self._model, self._name, self._client, self._session = model, name, client, session
        self._run_id = f"run_{token_hex(12)}"
        self._began = int(time.time())
        self._step_ended: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def answer(self, question: str) -> None:
        """Let the model run code until it answers."""
        asked = {"role": "user", "content": question}
        messages: list[Any] = [{"role": "system", "content": INSTRUCTIONS}, asked]
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(self._pass_on_steps())
            for _ in range(MAX_TURNS):
                async with asyncio.TaskGroup() as running:
                    text, calls = await self._turn(messages, running)
                if not calls:
                    break
                made = [call.message() for call in calls]
                messages.append({"role": "assistant", "content": text, "tool_calls": made})
                for call, task in calls.items():
                    report = {"tool_call_id": call.id, "content": task.result()}
                    messages.append({"role": "tool", **report})
                    # The last event of the call comes before the model's next message.
                    await self._step_ended[call.step_id].wait()
            watching.cancel()
        steps = self._client.run_steps.iterate(run_id=self._run_id, order=ListOrder.ASCENDING)
        emit("run_steps", object="list", data=[step.data async for step in steps])

    async def _turn(
        self, messages: list[Any], running: asyncio.TaskGroup
    ) -> tuple[str, dict[ToolCall, asyncio.Task[str]]]:
        """Run one turn of the model, and its tool calls as soon as they are written."""
        text = ""
        message_id = f"msg_{token_hex(12)}"
        calls: defaultdict[int, ToolCall] = defaultdict(ToolCall)
        tasks: dict[ToolCall, asyncio.Task[str]] = {}
        async for chunk in await self._model.chat.completions.create(
            model=self._name, messages=messages, tools=[TOOL], stream=True
        ):
            for choice in chunk.choices:
                if choice.delta.content:
                    if not text:
                        self._emit_message("created", message_id, [])
                    text += choice.delta.content
                    piece = {"index": 0, "type": "text", "text": {"value": choice.delta.content}}
                    kind = "thread.message.delta"
                    emit(kind, id=message_id, object=kind, delta={"content": [piece]})
                for part in choice.delta.tool_calls or []:
                    call = calls[part.index]
                    call.id = part.id or call.id
                    call.write(part.function.arguments if part.function else "")
                    if call not in tasks:
                        tasks[call] = running.create_task(self._execute(call))
        for call in tasks:
            call.write(None)
        if text:
            links = await self._client.run_steps.resolve_annotations(self._session.id, text)
            whole = {"type": "text", "text": {"value": text, "annotations": links.data}}
            self._emit_message("completed", message_id, [whole])
        return text, tasks

    async def _execute(self, call: ToolCall) -> str:
        """Run a tool call, and return what the model reads: output, errors and links to files."""
        place = Place(run_id=self._run_id, step_id=call.step_id)
        try:
            result = await self._session.execute_stream(call.code(), place=place).result()
        except (ValueError, TypeError, errors.InvalidArgumentError) as error:
            return f"not run: {error}"
        return await result.for_model()

    async def _pass_on_steps(self) -> None:
        async for event in self._client.run_steps.watch(run_id=self._run_id):
            emit(event.event, **event.data)
            if event.event in ENDS:
                self._step_ended[event.step_id].set()

    def _emit_message(self, event: str, message_id: str, content: list[Any]) -> None:
        status = "in_progress" if event == "created" else event
        message = {"id": message_id, "object": "thread.message", "created_at": self._began}
        where = {"thread_id": self._session.info.thread_id, "run_id": self._run_id}
        rest = {"role": "assistant", "status": status, "content": content}
        emit(f"thread.message.{event}", **message, **where, **rest)


async def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", help="of the model's API; default: OPENAI_BASE_URL")
    parser.add_argument("--model", required=True)
    parser.add_argument("--attach", type=Path, action="append", default=[], metavar="FILE")
    parser.add_argument("question")
    given = parser.parse_args()
    thread_id = f"thread_{token_hex(12)}"
    exit_code = 0
    try:
        async with (
            openai.AsyncOpenAI(base_url=given.base_url) as model,
            AsyncClient() as client,
            await client.sessions.create(files=given.attach, thread_id=thread_id) as session,
        ):
            await Run(model, given.model, client, session).answer(given.question)
    except* Error as failures:
        emit("error", **http_error(_first(failures)).body["error"])
        exit_code = 1
    return exit_code


def _first(error: Any) -> Error:  # noqa: ANN401 - groups may hold groups
    return _first(error.exceptions[0]) if isinstance(error, ExceptionGroup) else error


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
