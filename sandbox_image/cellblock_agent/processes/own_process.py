"""What the agent asks of the operating system for itself: prctl, signals, scores."""

import ctypes
import os
import resource
import signal
from pathlib import Path
from typing import Any

# linux/prctl.h
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36

SI_USER = 0
"""How a signal was sent: by kill(2). asm-generic/siginfo.h"""

OOM_SCORE_KERNEL = 1000
"""The out-of-memory killer takes a kernel, never the agent. Raising one's own score is allowed."""

KERNEL_NICENESS = 19
"""A kernel and all that it starts have a seventieth of the agent's weight, so that the agent has
its turn to end them however many they are. Only within their sandbox: its share of the CPUs is
its container's."""

TERMINATING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


def set_dumpable(*, dumpable: bool) -> None:
    """Whether processes of the same user may trace this one or read its memory.

    Source: prctl(2), PR_SET_DUMPABLE; ptrace(2). Raises OSError.
    """
    _prctl(PR_SET_DUMPABLE, int(dumpable))


def become_subreaper() -> None:
    """Have orphans of all descendants become children of this process. Raises OSError."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def block_termination() -> None:
    """Block the terminating signals in this thread and all it will start."""
    signal.pthread_sigmask(signal.SIG_BLOCK, TERMINATING)


def reset_signals() -> None:
    """Handle all signals as a fresh Python does, and block none: for one that runs user code.

    Source: the documentation of Python's module signal, "General rules": a broken pipe and
    a file that is too large are exceptions, not deaths, and SIGINT is KeyboardInterrupt.
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


def prefer_for_oom_kill() -> None:
    """Make this process the first victim when the sandbox is out of memory."""
    Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE_KERNEL))


def give_way() -> None:
    """Let the agent go before this process and all that it starts; that can't be taken back."""
    os.nice(KERNEL_NICENESS)


def limit_processes(number: int) -> None:
    """Bound the processes and threads of this one's user; for this process and what it starts.

    Only for a sandbox with a kernel of its own: elsewhere the user is that of all sandboxes,
    and control groups do better.
    """
    resource.setrlimit(resource.RLIMIT_NPROC, (number, number))


def wait_for_termination() -> str:
    """Block until this process is told to end from outside; says by what.

    As PID 1 of a sandbox the agent shares its user with hostile code, which may send
    any signal: only those from outside the PID namespace count, and these have no
    sender here (`si_pid` is 0, pid_namespaces(7)). With rt_sigqueueinfo(2) a sender can
    make up its id, but not that the signal came by kill(2) (`si_code` is SI_USER).
    """
    inside_counts = os.getpid() != 1
    while True:
        info = signal.sigwaitinfo(TERMINATING)
        from_outside = info.si_pid == 0 and info.si_code == SI_USER
        if info.si_signo == signal.SIGTERM and (inside_counts or from_outside):
            return signal.Signals(info.si_signo).name


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"prctl({option}, {value}): {os.strerror(error)}")
