"""The thread that sends a kernel's output, woken seldom.

ipykernel wakes it for each message: three times for `1+1`, and each time the two threads
fight over the interpreter's lock. Here a message only joins the queue, in its order, and a
timer that the operating system keeps wakes the thread `hold_seconds` later, however long code
runs. Who can't wait wakes it at once: a cell's end, a flush. So what a quick cell has to say,
that it began included, goes out in one turn.

Why no wake is lost: a message joins the queue *before* its writer looks whether the timer runs,
and the thread takes the timer back *before* it looks into the queue. A timer that a writer sees
running is therefore taken back only before a look that finds its message. The timer and the word
that it runs change together, under a lock. A writer that is interrupted after its message joined
still starts the timer.

Why the code's own thread does not send: a message has many frames, and after each of them
pyzmq lets signal handlers run. An interrupt would leave half a message in the socket, and the
next one would be taken for its end. Only Python's main thread runs signal handlers.
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
from cellblock_agent.kernel.messages import fit

HOLD_SECONDS = 0.005
"""Default of the longest wait of a message for others."""
MAX_WAITING = 256
"""Messages that wait for the thread before their writer waits for it."""
MAX_SUBSCRIPTIONS = 64
"""Subscriptions that are read in one turn; more are read in the next one."""
WAIT_SECONDS = 10
"""How long a writer waits at most: the agent may be stopped, and the thread may need a lock."""

_libc = ctypes.PyDLL(None, use_errno=True)
"""Keeps the interpreter's lock during a call: these never block."""
CLOCK_MONOTONIC = 1
TFD_NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC


class _Timer:
    """A descriptor that becomes readable once, after a while.

    Source: timerfd_create(2). Python has it from 3.13 on.
    """

    def __init__(self, seconds: float) -> None:
        self.descriptor = _checked(_libc.timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK_CLOEXEC))
        # An interval, seconds and nanoseconds, in which it goes on: none. Then the first time.
        whole, part = divmod(seconds, 1)
        self._once = (ctypes.c_long * 4)(0, 0, int(whole), int(part * 10**9))
        self._never = (ctypes.c_long * 4)()

    def start(self) -> None:
        _checked(_libc.timerfd_settime(self.descriptor, 0, self._once, None))

    def stop(self) -> None:
        """Take it back, and what it has told."""
        _checked(_libc.timerfd_settime(self.descriptor, 0, self._never, None))


class Publisher(IOPubThread):
    """See the module. One for each kernel."""

    bounds = MessageBounds()
    """What the agent reads of one message."""

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - ipykernel's
        hold_seconds: float = HOLD_SECONDS,
        **options: Any,  # noqa: ANN401 - ipykernel's
    ) -> None:
        """As ipykernel's; a message waits for others for `hold_seconds` at most."""
        self._timer = _Timer(hold_seconds)
        self._is_timed = False
        """Whether the timer runs. Changed with it, under the lock."""
        self._timing = threading.RLock()
        """Not a plain one: a signal handler that writes may come while its thread holds it."""
        super().__init__(*args, **options)  # type: ignore[no-untyped-call]
        self.background_socket: _OutputSocket = _OutputSocket(self)

    def schedule(self, f: Callable[[], object], *, wake: bool = True) -> None:
        """Have the thread call `f` after all that came before: at once, or soon."""
        if not self.thread.is_alive():
            # A fork of the kernel, or its end.
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
        """Have the thread send a message soon, or what stands for one that is too large."""
        frames = fit(self.session, frames, self.bounds)
        self.schedule(partial(self._really_send, frames, *args, **options), wake=False)

    def wake(self) -> None:
        """Have the thread do now what waits."""
        os.eventfd_write(self._woken, 1)

    def wait_for_room(self) -> None:
        """Wait while too much waits for the thread, which must not need what the caller holds."""
        if len(self._events) > MAX_WAITING:
            done = threading.Event()
            self.schedule(done.set)
            self.wait(done)

    def wait(self, done: threading.Event) -> None:
        """Wait for what the thread was given to do; it does not wait for itself."""
        if threading.get_ident() != self.thread.ident:
            done.wait(WAIT_SECONDS)

    def _wake_soon(self) -> None:
        with self._timing:
            if not self._is_timed:
                self._timer.start()
                self._is_timed = True

    def _setup_event_pipe(self) -> None:
        """Be woken by descriptors: ipykernel's pipe, a socket of ZeroMQ's, costs far more."""
        self._woken = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        for descriptor in (self._woken, self._timer.descriptor):
            self.io_loop.add_handler(descriptor, self._take, self.io_loop.READ)

    async def _run_event_pipe_gc(self) -> None:
        """There are no pipes of threads that have ended."""

    def _take(self, descriptor: int, _events: int) -> None:
        with self._timing:
            # It has fired unseen if its writer was interrupted before it could say so.
            if self._is_timed or descriptor == self._timer.descriptor:
                self._timer.stop()
                self._is_timed = False
        if descriptor == self._woken:
            os.eventfd_read(descriptor)
        try:
            self._handle_event(())  # type: ignore[no-untyped-call]
            self._welcome_subscribers()
        except BaseException:
            # What came after it must not wait for the next wake.
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
    """What code's own messages are sent by, when it holds no lock of its streams."""

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
