"""Thread that sends a kernel's output, with few wake-ups.

ipykernel wakes it for each message: three times for `1+1`, and each time the two threads compete
for the interpreter's lock. Here a message only joins the queue, in its order, and an operating
system timer wakes the thread `hold_seconds` later, however long code runs. The end of a cell and a
flush wake it immediately. So all messages of a quick cell, its start included, are sent in one
turn.

Why no wake-up is lost: a message joins the queue *before* its writer checks whether the timer runs,
and the thread stops the timer *before* it reads the queue. A timer that a writer sees running is
therefore stopped only before a read that finds its message. The timer and the flag that it runs
change together, under a lock. A writer that is interrupted after its message joined still starts
the timer.

Why the code's own thread does not send: a message has many frames, and after each of them pyzmq
lets signal handlers run. An interrupt would leave half a message in the socket, and the next
message would be read as its second half. Only Python's main thread runs signal handlers.
"""

import ctypes
import os
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import zmq
from ipykernel.iostream import BackgroundSocket, IOPubThread

from cellblock_agent.kernel.message_bounds import MessageBounds
from cellblock_agent.kernel.messages import fit_message

HOLD_SECONDS = 0.005
"""Default of the longest time that a message waits for others, in seconds."""
MAX_WAITING = 256
"""Maximum number of messages that wait for the thread before their writer waits for it."""
MAX_SUBSCRIPTIONS = 64
"""Maximum number of subscriptions that are read in one turn."""
WAIT_SECONDS = 10
"""Longest wait of a writer: the agent may be stopped, and the thread may need a lock."""

_libc = ctypes.PyDLL(None, use_errno=True)
"""Library whose calls keep the interpreter's lock: none of those used here blocks."""
CLOCK_MONOTONIC = 1
TFD_NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC


class _Timer:
    """Descriptor that becomes readable once, after a time.

    Source: timerfd_create(2). Python has it from 3.13 on.
    """

    def __init__(self, seconds: float) -> None:
        self.descriptor = _checked(_libc.timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK_CLOEXEC))
        # Interval in seconds and nanoseconds (none), then the time of the first expiry.
        whole, part = divmod(seconds, 1)
        self._once = (ctypes.c_long * 4)(0, 0, int(whole), int(part * 10**9))
        self._never = (ctypes.c_long * 4)()

    def start(self) -> None:
        _checked(_libc.timerfd_settime(self.descriptor, 0, self._once, None))

    def stop(self) -> None:
        """Stop the timer, and discard an expiry that was not read."""
        _checked(_libc.timerfd_settime(self.descriptor, 0, self._never, None))


class Publisher(IOPubThread):
    """Output thread of one kernel; see the module."""

    bounds = MessageBounds()
    """Bounds of the messages that the agent reads."""

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - ipykernel's
        hold_seconds: float = HOLD_SECONDS,
        **options: Any,  # noqa: ANN401 - ipykernel's
    ) -> None:
        """Create the thread; a message waits for others for at most `hold_seconds`."""
        self._timer = _Timer(hold_seconds)
        self._is_timed = False
        """Whether the timer runs. Changed together with it, under the lock."""
        self._timing = threading.RLock()
        """Reentrant: a signal handler that writes may run while its thread holds the lock."""
        super().__init__(*args, **options)  # type: ignore[no-untyped-call]
        self.background_socket: _OutputSocket = _OutputSocket(self)

    def schedule(self, f: Callable[[], object], *, wake: bool = True) -> None:
        """Call `f` in the thread after all earlier calls: now with `wake`, otherwise soon."""
        if not self.thread.is_alive():
            # In a fork of the kernel, or at its end.
            f()
            return
        try:
            self._events.append(f)
        finally:
            if wake or threading.get_ident() == self.thread.ident:
                self.wake()
            else:
                self._wake_soon()

    def send_multipart(self, frames: list[Any], *args: Any, **options: Any) -> None:  # noqa: ANN401
        """Send a message in the thread soon, or its replacement if it is too large."""
        frames = fit_message(self.session, frames, self.bounds)
        self.schedule(partial(self._really_send, frames, *args, **options), wake=False)

    def wake(self) -> None:
        """Wake the thread immediately."""
        os.eventfd_write(self._woken, 1)

    def wait_for_room(self) -> None:
        """Wait while the queue is too long. The caller must hold no lock that the thread needs."""
        if len(self._events) > MAX_WAITING:
            done = threading.Event()
            self.schedule(done.set)
            self.wait(done)

    def wait(self, done: threading.Event) -> None:
        """Wait for a scheduled call; the thread itself does not wait."""
        if threading.get_ident() != self.thread.ident:
            done.wait(WAIT_SECONDS)

    def _wake_soon(self) -> None:
        with self._timing:
            if not self._is_timed:
                self._timer.start()
                self._is_timed = True

    def _setup_event_pipe(self) -> None:
        """Wake the thread by descriptors: ipykernel's pipe, a ZeroMQ socket, costs far more."""
        self._woken = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        for descriptor in (self._woken, self._timer.descriptor):
            self.io_loop.add_handler(descriptor, self._handle_wake, self.io_loop.READ)

    async def _run_event_pipe_gc(self) -> None:
        """Collect no pipes: there are none."""

    def _handle_wake(self, descriptor: int, _events: int) -> None:
        with self._timing:
            # The timer may run without the flag, if its writer was interrupted in between.
            if self._is_timed or descriptor == self._timer.descriptor:
                self._timer.stop()
                self._is_timed = False
        if descriptor == self._woken:
            os.eventfd_read(descriptor)
        try:
            self._handle_event(())  # type: ignore[no-untyped-call]
            self._welcome_subscribers()
        except BaseException:
            # Calls after the failed one must not wait for the next wake-up.
            self.wake()
            raise

    def _welcome_subscribers(self) -> None:
        """Read the subscriptions whose notice a send has taken.

        A send processes what has come to its socket, and the socket's descriptor stays silent
        about it. The agent waits for its welcome: a kernel's start would hang.

        Source: ZeroMQ's documentation of `ZMQ_FD` and `ZMQ_EVENTS`.
        """
        if self.socket.get(zmq.EVENTS) & zmq.POLLIN:
            self._xpub_stream.flush(zmq.POLLIN, limit=MAX_SUBSCRIPTIONS)


class _OutputSocket(BackgroundSocket):
    """Socket for messages that code sends itself, while it holds no lock of its streams."""

    io_thread: Publisher

    def __init__(self, publisher: Publisher) -> None:
        super().__init__(publisher)  # type: ignore[no-untyped-call]

    def send_multipart(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - ZeroMQ's
        self.io_thread.send_multipart(*args, **options)
        self.io_thread.wait_for_room()


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
