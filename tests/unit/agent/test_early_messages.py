"""A message that a kernel sends before anybody listens to its connection is not lost.

On a busy machine a kernel may be up before its agent has the next turn. The welcome that the agent
waits for is sent once: a kernel start that loses it hangs.
"""

import asyncio
from pathlib import Path

import zmq
import zmq.asyncio
from jupyter_client.session import Session

from cellblock_agent.kernel.connection import KernelConnection, Message, new_context
from cellblock_agent.kernel.message_bounds import MessageBounds
from cellblock_agent.kernel.options import PORTS

WAIT_SECONDS = 20
TURNS = 100
"""Of the event loop, in which nobody listens."""


async def test_message_before_the_first_listener_is_passed_on(tmp_path: Path) -> None:
    sockets = tmp_path / "kernel"
    info = {
        "transport": "ipc",
        "ip": str(sockets),
        "key": "key",
        "signature_scheme": "hmac-sha256",
        **PORTS,
    }
    kernel = Session(key=b"key")
    received: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    context = new_context()
    with zmq.Context() as kernels, kernels.socket(zmq.XPUB) as output:
        output.linger = 0
        output.bind(f"ipc://{sockets}-{PORTS['iopub_port']}")
        connection = KernelConnection(context, info, MessageBounds())
        try:
            assert output.poll(WAIT_SECONDS * 1000)
            kernel.send(output, "iopub_welcome", content={})
            for _turn in range(TURNS):
                # Long enough for the message to arrive, without a promise that it has.
                await asyncio.to_thread(output.poll, 1)

            def on_output(message: Message) -> None:
                received.set_result(message["msg_type"])

            connection.listen(on_output, lambda _reply: None)
            async with asyncio.timeout(WAIT_SECONDS):
                assert await received == "iopub_welcome"
        finally:
            connection.close()
            context.destroy(linger=0)
