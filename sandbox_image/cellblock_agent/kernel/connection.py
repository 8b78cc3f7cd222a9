"""The sockets to one kernel: messages as Jupyter's, read from the event loop as they come.

`jupyter_client` makes the connection and the requests. What comes is read here: its own
readers are made for somebody who waits for one message at a time, and cost more than twice as
much (docs/project/performance-details.md).
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
"""How often a connection is tried until the kernel has bound its socket."""
RECEIVE_QUEUE = 2
"""Messages of each channel that wait for the agent, in its memory; more wait in the kernel."""
PARTS_AT_ONCE = 64
"""Parts of messages that are read before others have their turn."""
MAX_PARTS = 64
"""A message with more is none of Jupyter's."""
ACCEPTED_KIND = "accepted"
"""`msg_type` of what a kernel sends before it runs code; no Jupyter message has it."""

log = logging.getLogger(__name__)

Message = dict[str, Any]
"""What we need of one: `msg_type`, `date`, `parent_header` and `content`."""
Handle = Callable[[Message], None]
Question = Callable[[BlockingKernelClient], object]
"""Sends a request that runs no code, and returns its id."""


def new_context() -> "zmq.Context[zmq.Socket[bytes]]":
    """A ZeroMQ context for connections to kernels."""
    context = zmq.Context()
    context.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MILLISECONDS)
    context.setsockopt(zmq.RCVHWM, RECEIVE_QUEUE)
    # One request at a time is sent: only a kernel that reads none could make us wait.
    context.setsockopt(zmq.SNDTIMEO, 0)
    return context


class KernelConnection:
    """A kernel's output and shell channels."""

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        info: dict[str, Any],
        bounds: MessageBounds,
    ) -> None:
        """Connect to a kernel that may not listen yet; `info` is a connection file's.

        What is over `bounds` is not read.
        """
        # ZeroMQ drops the connection of a kernel that sends a larger part.
        context.setsockopt(zmq.MAXMSGSIZE, bounds.max_bytes)
        self._client = client = BlockingKernelClient(context=context)
        client.load_connection_info(info)  # type: ignore[arg-type]
        client.start_channels(stdin=False, hb=False, control=False)
        self._output = _Reader(client.iopub_channel.socket, client.session, bounds)
        self._replies = _Reader(client.shell_channel.socket, client.session, bounds)

    def listen(self, on_output: Handle, on_reply: Handle) -> None:
        """Pass on messages; those that came before wait for the first call."""
        self._output.listen(on_output)
        self._replies.listen(on_reply)

    def execute(self, code: str, *, silent: bool) -> str:
        """Have code run; the id that its output and its reply will name."""
        request = self._client.execute(
            code,
            silent=silent,
            store_history=not silent,
            allow_stdin=False,
            stop_on_error=False,
        )
        self._replies.look()
        return str(request)

    def ask(self, question: Question) -> str:
        """Have a question sent; the id that its answer will name."""
        request = question(self._client)
        self._replies.look()
        return str(request)

    def close(self) -> None:
        """Stop handing on and close the sockets."""
        self._output.stop()
        self._replies.stop()
        self._client.stop_channels()


class _Reader:
    """Reads one socket.

    Source: ZeroMQ's documentation of `ZMQ_FD`: the descriptor only tells that the socket may
    have something, once, and sending may take that word.
    """

    def __init__(
        self, socket: "zmq.Socket[bytes]", session: Session, bounds: MessageBounds
    ) -> None:
        self._socket = socket
        self._session = session
        self._bounds = bounds
        self._frames: list[bytes] = []
        """Of the message that is being read."""
        self._loop = asyncio.get_running_loop()
        self._file = socket.fileno()
        self._stopped = False
        self._handle: Handle | None = None
        """None until a caller listens: messages stay in the socket until then."""

    def listen(self, handle: Handle) -> None:
        if self._handle is None:
            self._loop.add_reader(self._file, self._read)
        self._handle = handle
        self.look()

    def look(self) -> None:
        """See whether something has come that the descriptor does not tell of."""
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
                self._take(frames, handle)
        # Others have their turn before a kernel that floods goes on.
        self.look()

    def _take(self, frames: list[bytes], handle: Handle) -> None:
        try:
            handle(read_message(self._session, frames, self._bounds))
        except (ValueError, TypeError, KeyError, UnicodeDecodeError, RecursionError) as error:
            # User code can write to the kernel's own sockets: bad signatures, bad JSON.
            log.warning("a message that is not Jupyter's was dropped: %s", type(error).__name__)


class OversizedError(ValueError):
    """A message is over the bounds that its kernel keeps by itself."""


def read_message(session: Session, frames: list[bytes], bounds: MessageBounds) -> Message:
    """A message from its frames. Raises ValueError, TypeError or KeyError for what is none.

    Without what nobody reads: metadata, buffers. A message that comes twice counts
    twice: whoever can send it has the key, and could sign another one.

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
        raise ValueError("the signature is another one's")
    packed_header, parent, _metadata, content = parts
    header = session.unpack(packed_header)
    return {
        "msg_type": header["msg_type"],
        "date": header.get("date"),
        "parent_header": session.unpack(parent),
        "content": session.unpack(content),
    }
