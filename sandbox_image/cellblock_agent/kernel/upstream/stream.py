"""Standard output and error of a kernel: complete, in the order of writing.

ipykernel's own stream publishes text that Python writes, and a thread pumps text that C code and
child processes write to the file descriptor. This one adds four things: the pump is emptied before
Python writes and before a cell ends, so that `os.system("echo a"); print("b")` appears in that
order and within the cell; the two streams alternate in order; the bytes of one character may arrive
in two reads; and a flood waits for the reader instead of filling the memory.
"""

import codecs
import os
import select
import threading
from typing import Any, ClassVar

from ipykernel.iostream import OutStream

from cellblock_agent.kernel.upstream.publisher import HOLD_SECONDS
from cellblock_agent.output.text import make_encodable

READ_BYTES = 65536
MAX_PUMPED = 64
"""Maximum number of reads in one pass: a child that writes without end must not delay its parent's
cell."""
PIECE = 2**18
"""Maximum number of characters in one message."""
MAX_WAITING = 2**20
"""Maximum number of characters that wait for the publishing thread before the writer waits for it.
"""


class KernelStream(OutStream):
    """Output stream, one each for `stdout` and `stderr`; see the module."""

    flush_interval = 0.02
    """Longest time until text is sent, in seconds."""
    _last: ClassVar["KernelStream | None"] = None
    """Stream that was written to last."""
    _turns: ClassVar[threading.RLock] = threading.RLock()
    _pumping: ClassVar[threading.RLock] = threading.RLock()
    """Lock that is held from polling a pipe until its content is written."""
    streams: ClassVar[dict[int, "KernelStream"]] = {}
    """Streams by the pipe from which each is pumped."""
    _any_pipe: ClassVar[select.epoll | None] = None
    """Poll object of all pipes: one system call for each print."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Create the stream, with ipykernel's parameters."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._waiting = 0
        self._poll = select.poll()
        super().__init__(*args, **kwargs)

    def fileno(self) -> int:
        """Return the descriptor that is pumped, so that `stdout=sys.stdout` works as well."""
        return int(self._original_stdstream_fd)

    def write(self, string: str) -> int:
        """Publish text like ipykernel's, but in pieces and in order."""
        if not isinstance(string, str):
            raise TypeError(f"write() argument must be str, not {type(string).__name__}")
        if self._is_master_process():
            _pump_all()
        for start in range(0, len(string), PIECE):
            self._write(make_encodable(string[start : start + PIECE]))
        return len(string)

    def flush(self) -> None:
        """Publish all text that was written until now, to the descriptor too."""
        if self._is_master_process():
            _pump_all()
        # Called six times at the end of each cell; each flush would wait for the other thread.
        if self._has_text():
            self._flush_and_wait()

    def publish(self) -> None:
        """Publish text without waiting: later text is sent later in any case."""
        if self._is_master_process():
            _pump_all()
        if self._has_text():
            self._flush()

    def close(self) -> None:
        """Publish the rest. The stream stays open for later cells."""
        self.flush()

    def pump(self) -> None:
        """Read all that waits in the pipe."""
        with self._pumping:
            for _read in range(MAX_PUMPED):
                if not self._poll.poll(0):
                    return
                chunk = os.read(self._pipe(), READ_BYTES)
                self._write(self._decoder.decode(chunk))

    def _write(self, piece: str) -> None:
        with self._turns:
            other, KernelStream._last = KernelStream._last, self
            takes_turn = other is not None and other is not self
            if takes_turn:
                other._flush()  # type: ignore[union-attr]  # noqa: SLF001 - same class
            super().write(piece)
            self._waiting += len(piece)
        if self._waiting > MAX_WAITING:
            self._flush_and_wait()
        if takes_turn:
            self.pub_thread.wait_for_room()

    def _has_text(self) -> bool:
        """Return whether text is not yet on its way; wait for a thread that is taking it."""
        with self._turns:
            return bool(self._buffers)

    def _flush(self) -> None:
        with self._turns:
            self._waiting = 0
            super()._flush()

    def _flush_and_wait(self) -> None:
        """Wait until ZeroMQ has all text that was written."""
        sent = threading.Event()

        def send() -> None:
            self._flush()
            self.pub_thread.schedule(sent.set)

        self.pub_thread.schedule(send)
        self.pub_thread.wait(sent)

    def _schedule_flush(self) -> None:
        if not self._flush_pending:
            self._flush_pending = True
            self.pub_thread.schedule(self._flush_later, wake=False)

    def _flush_later(self) -> None:
        self._io_loop.call_later(self.flush_interval - HOLD_SECONDS, self._flush)

    def _setup_stream_redirects(self, name: str) -> None:
        super()._setup_stream_redirects(name)
        pipe = self._pipe()
        self._poll.register(pipe, select.POLLIN)
        # Not earlier: the process that forks kernels loads this module.
        if KernelStream._any_pipe is None:
            KernelStream._any_pipe = select.epoll()
        KernelStream.streams[pipe] = self
        KernelStream._any_pipe.register(pipe, select.EPOLLIN)

    def _watch_pipe_fd(self) -> None:
        waiting = select.poll()
        waiting.register(self._pipe(), select.POLLIN)
        while self._should_watch:
            waiting.poll()
            self.pump()

    def _pipe(self) -> int:
        if self._fid is None:
            raise RuntimeError("the stream's descriptor is not redirected")
        return int(self._fid)


def _pump_all() -> None:
    any_pipe = KernelStream._any_pipe  # noqa: SLF001 - same class
    with KernelStream._pumping:  # noqa: SLF001
        for pipe, _event in any_pipe.poll(0) if any_pipe else ():
            KernelStream.streams[pipe].pump()


def _renew_locks() -> None:
    """Replace the locks in a forked child: the threads that held them do not exist there."""
    KernelStream._turns = threading.RLock()  # noqa: SLF001
    KernelStream._pumping = threading.RLock()  # noqa: SLF001


os.register_at_fork(after_in_child=_renew_locks)
