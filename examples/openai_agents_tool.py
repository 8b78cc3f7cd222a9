"""Tool for the OpenAI Agents SDK that runs Python in Cellblock, and an agent that uses it.

    python examples/openai_agents_tool.py --model NAME --attach data.csv QUESTION [QUESTION …]

The questions are one conversation: one session, so that variables and files of one answer are
there for the next. The model reads the text that the code showed and sees its images; images
and files are saved to `--out`.

Uses the Cellblock server that CELLBLOCK_ADDRESS names, and OPENAI_API_KEY. Needs
`pip install openai-agents`.
"""

import argparse
import asyncio
import base64
from dataclasses import dataclass, field
from pathlib import Path

from agents import (
    Agent,
    OpenAIProvider,
    RunConfig,
    RunContextWrapper,
    Runner,
    SQLiteSession,
    ToolOutputImage,
    ToolOutputText,
    function_tool,
)

from cellblock_client import AsyncClient, AsyncSession, File

MAX_TURNS = 20
MAX_IMAGE_BYTES = 5 * 2**20
"""Maximum size of an image that is sent to the model."""
INSTRUCTIONS = "Answer with the help of the tool `python`. The user's files are in /mnt/data."


@dataclass
class Conversation:
    """Context that the SDK passes to its tools, and never to the model."""

    client: AsyncClient
    session: AsyncSession
    made: list[File] = field(default_factory=list)


@function_tool
async def python(
    context: RunContextWrapper[Conversation], code: str
) -> list[ToolOutputText | ToolOutputImage]:
    """Run Python in a notebook that remembers its variables. Has no network.

    Args:
        context: Whose code it is.
        code: The code.
    """
    conversation = context.context
    result = await conversation.session.run(code)
    conversation.made += (*result.images, *result.files)
    shown = (await conversation.client.executions.get(result.execution.id)).outputs
    parts = [await output(conversation.client, item) for item in shown]
    parts += [ToolOutputText(text=f"[file {file.path}]") for file in result.files]
    return parts or [ToolOutputText(text="[nothing was shown]")]


async def output(client: AsyncClient, shown: str | File) -> ToolOutputText | ToolOutputImage:
    """Convert text to text, and an image to an image."""
    if isinstance(shown, str):
        return ToolOutputText(text=shown)
    if shown.bytes > MAX_IMAGE_BYTES:
        return ToolOutputText(text=f"[image {shown.filename}, too large to be shown to you]")
    data = base64.b64encode(await client.files.read(shown.id)).decode()
    return ToolOutputImage(image_url=f"data:{shown.mime_type};base64,{data}")


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", help="of the model's API; default: OPENAI_BASE_URL")
    parser.add_argument("--model", required=True)
    parser.add_argument("--attach", type=Path, action="append", default=[], metavar="FILE")
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument("question", nargs="+")
    given = parser.parse_args()
    given.out.mkdir(exist_ok=True)
    agent = Agent[Conversation](
        name="analyst", instructions=INSTRUCTIONS, model=given.model, tools=[python]
    )
    # Traces would be sent to OpenAI, even if the model is another provider's.
    config = RunConfig(
        model_provider=OpenAIProvider(base_url=given.base_url), tracing_disabled=True
    )
    async with (
        AsyncClient() as client,
        await client.sessions.create(files=given.attach) as session,
    ):
        conversation = Conversation(client, session)
        # The SDK's memory of messages, by the id of the conversation.
        memory = SQLiteSession(session.id)
        for question in given.question:
            result = await Runner.run(
                agent,
                question,
                context=conversation,
                session=memory,
                run_config=config,
                max_turns=MAX_TURNS,
            )
            print(result.final_output)
        for file in conversation.made:
            await client.files.download(file.id, given.out / file.filename)
            print(f"[{given.out / file.filename}: {file.mime_type}]")


if __name__ == "__main__":
    asyncio.run(main())
