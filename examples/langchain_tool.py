"""LangChain tool that runs Python in Cellblock, and a loop that lets a model use it.

    python examples/langchain_tool.py --model NAME --attach data.csv QUESTION [QUESTION …]

The questions are one conversation: one session, so that variables and files of one answer are
there for the next. The model reads the text that the code showed; the tool message's artifact has
the whole `ExecutionResult`, from which images and files are saved to `--out`.

Uses the Cellblock server that CELLBLOCK_ADDRESS names, and OPENAI_API_KEY. Needs
`pip install langchain-core langchain-openai`.
"""

import argparse
import asyncio
from pathlib import Path

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import BaseTool, tool
from langchain_openai import ChatOpenAI

from cellblock_client import AsyncClient, AsyncSession, ExecutionResult

MAX_TURNS = 20
INSTRUCTIONS = "Answer with the help of the tool `python`. The user's files are in /mnt/data."


def code_interpreter(session: AsyncSession) -> BaseTool:
    """Return the tool for one conversation."""

    @tool(response_format="content_and_artifact")
    async def python(code: str) -> tuple[str, ExecutionResult]:
        """Run Python in a notebook that remembers its variables. Has no network."""
        result = await session.run(code)
        # Output, errors, the cause of a failure, and links to files.
        return await result.for_model(), result

    # A model that passes wrong arguments gets the error, and may try again.
    python.handle_validation_error = str
    return python


async def answer(model: ChatOpenAI, python: BaseTool, messages: list[BaseMessage]) -> str:
    """Let the model run code until it answers, and append all messages to `messages`."""
    bound = model.bind_tools([python])
    for _ in range(MAX_TURNS):
        said = await bound.ainvoke(messages)
        messages.append(said)
        if not said.tool_calls:
            break
        messages += [await python.ainvoke(call) for call in said.tool_calls]
    return str(said.text)


async def save(client: AsyncClient, messages: list[BaseMessage], folder: Path) -> None:
    """Download the files that the conversation's code made."""
    for message in messages:
        if isinstance(message, ToolMessage) and isinstance(message.artifact, ExecutionResult):
            for file in (*message.artifact.images, *message.artifact.files):
                await client.files.download(file.id, folder / file.filename)
                print(f"[{folder / file.filename}: {file.mime_type}]")


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", help="of the model's API; default: OPENAI_API_BASE")
    parser.add_argument("--model", required=True)
    parser.add_argument("--attach", type=Path, action="append", default=[], metavar="FILE")
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument("question", nargs="+")
    given = parser.parse_args()
    given.out.mkdir(exist_ok=True)
    model = ChatOpenAI(model=given.model, base_url=given.base_url)
    messages: list[BaseMessage] = [SystemMessage(INSTRUCTIONS)]
    async with (
        AsyncClient() as client,
        await client.sessions.create(files=given.attach) as session,
    ):
        python = code_interpreter(session)
        for question in given.question:
            messages.append(HumanMessage(question))
            print(await answer(model, python, messages))
        await save(client, messages, given.out)


if __name__ == "__main__":
    asyncio.run(main())
