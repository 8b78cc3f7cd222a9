"""Connection to one kernel: Jupyter's messages, read from the event loop as they arrive.

`jupyter_client` makes the connection and the requests. This module reads the messages:
jupyter_client's own readers are designed for callers that wait for one message at a time, and cost
more than twice as much (docs/project/performance-details.md).
"""

import asyncio
import hmac
import logging
from collections.abc import Callable
from typing import Any

import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.session import DELIM, Session

from cellblock_agent.kernel.message_bounds import MessageBounds
from cellblock_agent.kernel.options import ACCEPTED

RECONNECT_MILLISECONDS = 2
"""Pause between attempts to connect, until the kernel has bound its socket."""
RECEIVE_QUEUE = 2
"""Maximum number of messages per channel in the agent's memory; more wait in the kernel."""
PARTS_AT_ONCE = 64
"""Maximum number of message parts that are read in one turn of the loop."""
MAX_PARTS = 64
"""Maximum number of parts; a message with more is not one of Jupyter's."""
ACCEPTED_KIND = "accepted"
"""`msg_type` of the message that a kernel sends before it runs code; Jupyter has no such type."""

log = logging.getLogger(__name__)

Message = dict[str, Any]
"""Message with the fields that are used: `msg_type`, `date`, `parent_header` and `content`."""
MessageHandler = Callable[[Message], None]
Question = Callable[[BlockingKernelClient], object]
"""Function that sends a request which runs no code, and returns the request's id."""


def new_context() -> "zmq.Context[zmq.Socket[bytes]]":
    """Return a ZeroMQ context for connections to kernels."""
    context = zmq.Context()
    context.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MILLISECONDS)
    context.setsockopt(zmq.RCVHWM, RECEIVE_QUEUE)
    # Only one request is sent at a time: sending blocks only if the kernel reads none.
    context.setsockopt(zmq.SNDTIMEO, 0)
    return context


class KernelConnection:
    """Output and shell channels of a kernel."""

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        info: dict[str, Any],
        bounds: MessageBounds,
    ) -> None:
        """Connect to a kernel that may not listen yet; `info` is the content of a connection file.

        Messages over `bounds` are dropped.
        """
        # ZeroMQ drops the connection of a kernel that sends a larger part.
        context.setsockopt(zmq.MAXMSGSIZE, bounds.max_bytes)
        self._client = client = BlockingKernelClient(context=context)
        client.load_connection_info(info)  # type: ignore[arg-type]
        client.start_channels(stdin=False, hb=False, control=False)
        self._output = _Reader(client.iopub_channel.socket, client.session, bounds)
        self._replies = _Reader(client.shell_channel.socket, client.session, bounds)

    def listen(self, on_output: MessageHandler, on_reply: MessageHandler) -> None:
        """Pass messages to these handlers; earlier messages wait for the first call."""
        self._output.listen(on_output)
        self._replies.listen(on_reply)

    def execute(self, code: str, *, silent: bool) -> str:
        """Run code; return the id to which its output and its reply refer."""
        request = self._client.execute(
            code,
            silent=silent,
            store_history=not silent,
            allow_stdin=False,
            stop_on_error=False,
        )
        self._replies.schedule_read()
        return str(request)

    def ask_kernel(self, question: Question) -> str:
        """Send a question; return the id to which the answer refers."""
        request = question(self._client)
        self._replies.schedule_read()
        return str(request)

    def close(self) -> None:
        """Stop passing messages and close the sockets."""
        self._output.stop()
        self._replies.stop()
        self._client.stop_channels()


class _Reader:
    """Reader of one socket.

    Source: ZeroMQ's documentation of `ZMQ_FD`: the descriptor signals only once that the socket may
    have messages, and sending may consume that signal.
    """

    def __init__(
        self, socket: "zmq.Socket[bytes]", session: Session, bounds: MessageBounds
    ) -> None:
        self._socket = socket
        self._session = session
        self._bounds = bounds
        self._frames: list[bytes] = []
        """Frames of the message that is being read."""
        self._loop = asyncio.get_running_loop()
        self._file = socket.fileno()
        self._stopped = False
        self._handle: MessageHandler | None = None
        """None until a caller listens: messages stay in the socket until then."""

    def listen(self, handle: MessageHandler) -> None:
        if self._handle is None:
            self._loop.add_reader(self._file, self._read)
        self._handle = handle
        self.schedule_read()

    def schedule_read(self) -> None:
        """Read soon, in case messages have arrived that the descriptor does not signal."""
        self._loop.call_soon(self._read)

    def stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            self._loop.remove_reader(self._file)

    def _read(self) -> None:
        for _part in range(PARTS_AT_ONCE):
            handle = self._handle
            if self._stopped or handle is None:
                return
            try:
                frame = self._socket.recv(zmq.NOBLOCK)
            except zmq.Again:
                return
            if len(self._frames) <= MAX_PARTS:
                self._frames.append(frame)
            if not self._socket.getsockopt(zmq.RCVMORE):
                frames, self._frames = self._frames, []
                self._handle_frames(frames, handle)
        # Other tasks run before the agent reads more of a kernel that floods it.
        self.schedule_read()

    def _handle_frames(self, frames: list[bytes], handle: MessageHandler) -> None:
        try:
            handle(read_message(self._session, frames, self._bounds))
        except (ValueError, TypeError, KeyError, UnicodeDecodeError, RecursionError) as error:
            # User code can write to the kernel's own sockets: bad signatures, bad JSON.
            log.warning("dropped an invalid Jupyter message: %s", type(error).__name__)


class OversizedError(ValueError):
    """A message is over the limits that an unmodified kernel keeps."""


def read_message(session: Session, frames: list[bytes], bounds: MessageBounds) -> Message:
    """Return a message from its frames. Raises ValueError, TypeError or KeyError if it is invalid.

    Metadata and buffers are ignored. A repeated message counts twice: a sender that has the key
    could sign another one.

    Source: jupyter_client's documentation, "The Wire Protocol".
    """
    if len(frames) > MAX_PARTS:
        raise OversizedError("too many parts")
    if problem := bounds.problem_of(frames):
        raise OversizedError(problem)
    if frames[0] == ACCEPTED:
        request = frames[1].decode()
        return {"msg_type": ACCEPTED_KIND, "parent_header": {"msg_id": request}, "content": {}}
    start = frames.index(DELIM) + 1
    signature, *parts = frames[start : start + 5]
    if not hmac.compare_digest(signature, session.sign(parts)):
        raise ValueError("the signature is invalid")
    packed_header, parent, _metadata, content = parts
    header = session.unpack(packed_header)
    return {
        "msg_type": header["msg_type"],
        "date": header.get("date"),
        "parent_header": session.unpack(parent),
        "content": session.unpack(content),
    }
