"""System calls of a process for itself: prctl, signals, scores."""

import ctypes
import os
import resource
import signal
from pathlib import Path
from typing import Any

# linux/prctl.h
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36

OOM_SCORE_KERNEL = 1000
"""Score of a kernel: the out-of-memory killer takes it, never the agent. A process may raise its
own score; `confinement.py` keeps code from lowering it again."""
OOM_SCORE_FORK_SERVER = 500
"""Score of the fork server: killed after all kernels and before the agent, because it can be
replaced."""

TERMINATING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


def set_dumpable(*, dumpable: bool) -> None:
    """Set whether processes of the same user may trace this one or read its memory.

    Source: prctl(2), PR_SET_DUMPABLE; ptrace(2). Raises OSError.
    """
    _prctl(PR_SET_DUMPABLE, int(dumpable))


def become_subreaper() -> None:
    """Make orphans of all descendants children of this process. Raises OSError."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def block_termination() -> None:
    """Block the terminating signals in this thread and all that it will start."""
    signal.pthread_sigmask(signal.SIG_BLOCK, TERMINATING)


def reset_signals() -> None:
    """Reset all signals to Python's defaults and block none, for a process that runs user code.

    Source: the documentation of Python's module signal, "General rules": a broken pipe and a file
    that is too large are exceptions, not deaths, and SIGINT is KeyboardInterrupt.
    """
    pythons: dict[int, Any] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGPIPE: signal.SIG_IGN,
        signal.SIGXFSZ: signal.SIG_IGN,
    }
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if signal.getsignal(number) is not None:
            signal.signal(number, pythons.get(number, signal.SIG_DFL))
    signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def prefer_for_oom_kill(score: int = OOM_SCORE_KERNEL) -> None:
    """Raise this process's out-of-memory score: it is killed before those with a lower one."""
    Path("/proc/self/oom_score_adj").write_text(str(score))


def lower_priority(niceness: int) -> None:
    """Lower the priority of this process and of all that it starts, permanently."""
    os.nice(niceness)


def limit_processes(number: int) -> None:
    """Limit the processes and threads of this user, for this process and all that it starts.

    Only for a sandbox with a kernel of its own: elsewhere control groups are better.
    """
    resource.setrlimit(resource.RLIMIT_NPROC, (number, number))


def is_pid_one() -> bool:
    """Return whether this process is PID 1 of a sandbox, whose other processes are hostile."""
    return os.getpid() == 1


def wait_for_termination() -> str:
    """Block until SIGTERM arrives; return its name. Not for PID 1 of a sandbox.

    There hostile code has the same user, and the sender of a signal is unreliable: the kernel drops
    it when the user has used up the queue of signals, and such a signal looks like one from
    outside. So PID 1 leaves these signals blocked, and ends by SIGKILL, which only processes
    outside the sandbox can send to it.
    """
    while True:
        info = signal.sigwaitinfo(TERMINATING)
        if info.si_signo == signal.SIGTERM:
            return signal.Signals(info.si_signo).name


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"prctl({option}, {value}): {os.strerror(error)}")
