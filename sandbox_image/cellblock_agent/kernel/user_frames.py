"""Tracebacks that show only the frames of user code."""

import sysconfig
from pathlib import Path
from types import TracebackType

MAX_FRAMES = 30
"""Maximum number of frames of one exception: half of them from each end. A runaway recursion has
thousands."""

LIBRARIES = tuple(
    {
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        str(Path(__file__).parent.parent),
        "<frozen ",
    }
)


def hide_library_frames(error: BaseException) -> None:
    """Leave only frames of user code in the tracebacks of an exception and its causes.

    An exception that has no such frame keeps its traceback; a cause loses all frames then.
    """
    todo: list[BaseException | None] = [error]
    seen: set[int] = set()
    while todo:
        current = todo.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        whole = current.__traceback__
        current.__traceback__ = _users(whole) or (whole if current is error else None)
        todo += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            todo += current.exceptions


def _is_users(filename: str) -> bool:
    # Compiled modules name the source from which they were built: `pandas/_libs/index.pyx`.
    return not filename.startswith(LIBRARIES) and filename.startswith(("/", "<"))


def _users(trace: TracebackType | None) -> TracebackType | None:
    frames: list[TracebackType] = []
    entry = trace
    while entry is not None:
        if _is_users(entry.tb_frame.f_code.co_filename):
            frames.append(entry)
        entry = entry.tb_next
    if len(frames) > MAX_FRAMES:
        frames[MAX_FRAMES // 2 : -MAX_FRAMES // 2] = []
    kept: TracebackType | None = None
    for entry in reversed(frames):
        kept = TracebackType(kept, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return kept
