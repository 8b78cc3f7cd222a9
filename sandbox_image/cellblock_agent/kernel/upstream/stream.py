"""Standard output and error of a kernel: complete, in the order of writing.

ipykernel's own stream publishes text that Python writes, and a thread pumps text that C code and
child processes write to the file descriptor. This one adds six things:

- The pump is emptied before Python writes and before a cell ends, so that
  `os.system("echo a"); print("b")` appears in that order and within the cell.
- The two streams alternate in order.
- The bytes of one character may arrive in two reads.
- A flood waits for the reader instead of filling the memory.
- A fork of the kernel writes to the file descriptor as well: what it has written when it ends is in
  the pipe, and so in the cell. ipykernel sends it through a socket, and the cell may end first.
- It has the methods of Python's own streams: `buffer`, `reconfigure`, `detach`.
"""

import codecs
import ctypes
import fcntl
import io
import mmap
import os
import select
import threading
from collections import defaultdict
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
MAX_LINE = 2**13
"""Maximum number of characters of an unfinished line that a forked child keeps."""
COUNTER_BYTES = 8
IOLBF = 1
"""Line buffering in C. Source: stdio.h of glibc and musl."""


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
    _cells: ClassVar[mmap.mmap | None] = None
    """Number of cells that have begun; forked children share this memory."""
    _is_forked: ClassVar[bool] = False
    """Whether code forked this process from the kernel."""
    _cell_of_fork: ClassVar[bytes] = b""
    """Content of `_cells` when this process was forked from the kernel."""
    errors = "replace"
    line_buffering = True
    write_through = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Create the stream, with ipykernel's parameters."""
        self._line = ""
        """Unfinished line of a forked child: lines of several children must not mix."""
        self._bytes = _ByteStream(self)
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
        if not self._is_master_process():
            self._write_in_child(string)
            return len(string)
        _pump_all()
        for start in range(0, len(string), PIECE):
            self._write(make_encodable(string[start : start + PIECE]))
        return len(string)

    def flush(self) -> None:
        """Publish all text that was written until now, to the descriptor too."""
        if not self._is_master_process():
            self._write_in_child("", finish=True)
            return
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

    @property
    def buffer(self) -> "_ByteStream":
        """Binary stream whose bytes are published as UTF-8."""
        return self._bytes

    def detach(self) -> "_ByteStream":  # type: ignore[override]
        """Return `buffer`, for code that wraps it in a stream of its own."""
        self.flush()
        return self._bytes

    def reconfigure(
        self,
        *,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        line_buffering: bool | None = None,
        write_through: bool | None = None,
    ) -> None:
        """Accept the settings of Python's own streams; published text depends on none of them.

        Raises LookupError for an encoding or error handler that doesn't exist.
        """
        del newline, line_buffering, write_through
        if encoding is not None:
            codecs.lookup(encoding)
        if errors is not None:
            codecs.lookup_error(errors)
        self.flush()

    def begin_cell(self) -> None:
        """Restore the descriptor, in case code closed or replaced it."""
        standard = self.fileno()
        try:
            found = os.fstat(standard)
        except OSError:
            found = None
        if found is None or (found.st_dev, found.st_ino) != self._pipe_identity:
            os.dup2(self._pipe_end, standard)

    @classmethod
    def count_cell(cls) -> None:
        """Count a cell that begins: children of earlier ones belong to no running cell now."""
        if cls._cells is None:
            cls._cells = mmap.mmap(-1, COUNTER_BYTES)
        number = int.from_bytes(cls._cells[:], "little") + 1
        cls._cells[:] = number.to_bytes(COUNTER_BYTES, "little")

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

    def _write_in_child(self, string: str, *, finish: bool = False) -> None:
        """Write whole lines in a forked child; the rest too with `finish`."""
        with self._turns:
            text = self._line + make_encodable(string)
            end = text.rfind("\n") + 1
            # A progress bar has no end of line.
            if finish or "\r" in text[end:] or len(text) - end > MAX_LINE:
                end = len(text)
            self._line = text[end:]
            if not end:
                return
            if self._cells is not None and self._cells[:] != self._cell_of_fork:
                # Its cell has ended: the message names that cell, so that no other one shows it.
                super().write(text[:end])
                return
            data = text[:end].encode()
            while data:
                data = data[os.write(self.fileno(), data) :]

    def begin_child(self) -> None:
        """Begin to write as a forked child of the kernel."""
        # Its text is the parent's, and another thread of the parent may hold its lock.
        self._buffers = defaultdict(io.StringIO)
        self._buffer_lock = threading.RLock()
        self._flush_pending = self._subprocess_flush_pending = False
        self._line = ""

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
        self._pipe_end = fcntl.fcntl(self.fileno(), fcntl.F_DUPFD_CLOEXEC, 3)
        end = os.fstat(self._pipe_end)
        self._pipe_identity = end.st_dev, end.st_ino

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


class _ByteStream(io.BufferedIOBase):
    """Binary form of a stream, as `sys.stdout.buffer`."""

    mode = "wb"

    def __init__(self, stream: KernelStream) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def name(self) -> str:
        """Name as of Python's own."""
        return f"<{self._stream.name}>"

    @property
    def raw(self) -> "_ByteStream":
        """Unbuffered stream: nothing is buffered here."""
        return self

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        """Publish bytes; those of one character may come in two calls."""
        content = memoryview(data).tobytes()
        self._stream.write(self._decoder.decode(content))
        return len(content)

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        """Publish the rest. The stream stays open for later cells."""
        self.flush()


class COutput:
    """Standard output of C code: written at the end of each line, and of each cell."""

    def __init__(self) -> None:
        """Set the buffering of this process."""
        # Not PyDLL: a full pipe is read by a thread that needs the interpreter's lock.
        self._libc = ctypes.CDLL(None)
        self._stdout = ctypes.c_void_p.in_dll(self._libc, "stdout")
        self._libc.setvbuf(self._stdout, None, IOLBF, ctypes.c_size_t(0))

    def flush(self) -> None:
        """Write what is not a whole line."""
        self._libc.fflush(self._stdout)


def _pump_all() -> None:
    any_pipe = KernelStream._any_pipe  # noqa: SLF001 - same class
    with KernelStream._pumping:  # noqa: SLF001
        for pipe, _event in any_pipe.poll(0) if any_pipe else ():
            KernelStream.streams[pipe].pump()


def _note_cell() -> None:
    """Keep the number of the cell that forks: the child may begin to run in the next one."""
    # A child's own children belong to its cell.
    if KernelStream._cells is not None and not KernelStream._is_forked:  # noqa: SLF001 - same class
        KernelStream._cell_of_fork = KernelStream._cells[:]  # noqa: SLF001


def _begin_child() -> None:
    """Renew in a forked child what its parent's threads may hold: they don't exist there."""
    KernelStream._is_forked = True  # noqa: SLF001
    KernelStream._turns = threading.RLock()  # noqa: SLF001
    KernelStream._pumping = threading.RLock()  # noqa: SLF001
    for stream in KernelStream.streams.values():
        stream.begin_child()


os.register_at_fork(before=_note_cell, after_in_child=_begin_child)
