"""Streams what code shows to web sockets. A connection is a conversation, with one session.

    python examples/websocket.py --port 8765 --origin https://chat.example.com

A client sends code as text, and is sent a JSON object for each thing that the code shows, as it
comes, up to `completed` or `refused`. Then it may send more. When it leaves, its code is
interrupted and its session deleted. Who may connect is yours to decide, in front of this: here, all
programs of this machine, and pages of the origins that are named.

Uses the Cellblock server that CELLBLOCK_ADDRESS names. Needs `pip install websockets`.
"""

import argparse
import asyncio
import base64
import json
import logging
import signal
from contextlib import suppress

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from cellblock_client import AsyncClient, AsyncExecution, AsyncSession, Error, File, errors, events

MAX_CODE_BYTES = 2**20
MAX_IMAGE_BYTES = 5 * 2**20
"""Maximum size of an image that is sent; larger ones are named, to be downloaded by their id."""
logger = logging.getLogger(__name__)


class Relay:
    """Relay between web sockets and Cellblock."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def converse(self, socket: ServerConnection) -> None:
        """Serve one connection."""
        try:
            # The session is outermost, so that it is deleted however the conversation ends.
            async with (
                await self._client.sessions.create() as session,
                asyncio.TaskGroup() as tasks,
            ):
                running = tasks.create_task(self._run_what_comes(socket, session))
                # Code without output would not notice a client that disconnected.
                await socket.wait_closed()
                running.cancel()
        except* Error:
            # The details are for the operator's log, not for the client.
            logger.exception("a conversation failed")
            await socket.close(1011, "the code interpreter failed")

    async def _run_what_comes(self, socket: ServerConnection, session: AsyncSession) -> None:
        # A client that disconnects is not an error.
        with suppress(ConnectionClosed):
            async for message in socket:
                code = message if isinstance(message, str) else message.decode(errors="replace")
                try:
                    # If this program is killed, its code does not keep running.
                    await self._run(socket, session.execute(code, cancel_on_disconnect=True))
                except errors.InvalidArgumentError as error:
                    await send(socket, "refused", problem=error.message)

    async def _run(self, socket: ServerConnection, execution: AsyncExecution) -> None:
        async for event in execution:
            match event:
                case events.Stdout(text=text):
                    await send(socket, "stdout", text=text)
                case events.Stderr(text=text):
                    await send(socket, "stderr", text=text)
                case events.Result() | events.Display():
                    # HTML in these is untrusted: show it in a sandboxed iframe, or not at all.
                    await send(socket, "rich", data=event.data)
                case events.Image(file=file):
                    await send(socket, "image", file_id=file.id, url=await self._url(file))
                case events.GeneratedFile(file=File() as file):
                    await send(socket, "file", file_id=file.id, path=file.path)
                case events.ErrorRaised(error=error):
                    await send(socket, "error", name=error.name, value=error.value)
                case events.Completed(execution=info):
                    failure = info.failure.message if info.failure else None
                    await send(socket, "completed", status=info.status.name, failure=failure)

    async def _url(self, file: File) -> str | None:
        """Return the image as a URL that a page can show."""
        if file.bytes > MAX_IMAGE_BYTES:
            return None
        data = base64.b64encode(await self._client.files.read(file.id)).decode()
        return f"data:{file.mime_type};base64,{data}"


async def send(socket: ServerConnection, kind: str, **fields: object) -> None:
    """Send one message. Waits for a slow reader: events wait in Cellblock, not here."""
    await socket.send(json.dumps({"type": kind, **fields}))


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8765, help="0: any that is free")
    parser.add_argument("--origin", action="append", default=[], help="whose pages may connect")
    given = parser.parse_args()
    # None stands for a client without an origin: not a browser.
    origins = [None, *given.origin]
    async with AsyncClient() as client:
        relay = Relay(client)
        async with serve(
            relay.converse, "127.0.0.1", given.port, origins=origins, max_size=MAX_CODE_BYTES
        ) as server:
            (address,) = (socket.getsockname() for socket in server.sockets)
            print(f"ws://{address[0]}:{address[1]}", flush=True)
            # Before it exits, it ends every conversation, and so every session.
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.close)
            await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(main())
