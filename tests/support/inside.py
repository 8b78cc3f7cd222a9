"""Hostile code: system calls by their numbers, in a sandbox and in a container without defences.

An attack is an expression. Its outcome is `done`, or the name of the error: `EPERM`. The same
expression is tried where nothing keeps it from its end, to tell "refused" from "wrong".
"""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from cellblock_client.client import Session
from tests.support.engine import docker
from tests.support.images import CORE

# Name: on x86_64, on aarch64; -1 where there is none.
# Source: the kernel's asm/unistd_64.h and asm-generic/unistd.h.
NUMBERS = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bpf": (321, 280),
    "capset": (126, 91),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "clone": (56, 220),
    "clone3": (435, 435),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "fsopen": (430, 430),
    "init_module": (175, 105),
    "inotify_init1": (294, 26),
    "io_setup": (206, 0),
    "io_uring_setup": (425, 425),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "mincore": (27, 232),
    "mknodat": (259, 33),
    "modify_ldt": (154, -1),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "mq_open": (240, 180),
    "msgget": (68, 186),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pidfd_getfd": (438, 438),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pivot_root": (155, 41),
    "prctl": (157, 167),
    "prlimit64": (302, 261),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "rt_sigqueueinfo": (129, 138),
    "sched_setscheduler": (144, 119),
    "seccomp": (317, 277),
    "semget": (64, 190),
    "setgroups": (116, 159),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "setpriority": (141, 140),
    "setresgid": (119, 149),
    "setresuid": (117, 147),
    "settimeofday": (164, 170),
    "setuid": (105, 146),
    "shmget": (29, 194),
    "socket": (41, 198),
    "splice": (275, 76),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "sync": (162, 81),
    "syncfs": (306, 267),
    "syslog": (103, 116),
    "tee": (276, 77),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
    "vmsplice": (278, 75),
}

CAPABILITIES = (
    *("DAC_READ_SEARCH", "MKNOD", "NET_ADMIN", "NET_RAW", "SYS_ADMIN"),
    *("SYS_CHROOT", "SYS_MODULE", "SYS_PACCT", "SYS_PTRACE", "SYS_TIME", "SYSLOG"),
)
"""Code that defines the functions that attacks use."""

PRELUDE = f"""
import ctypes, errno, glob, json, mmap, os, platform, signal, socket, struct, sys, time
AT_FDCWD = -100
_numbers = {NUMBERS!r}
_machine = ("x86_64", "aarch64").index(platform.machine())
_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

def call(name, *arguments):
    "Make a system call; its value. Bytes are passed as pointers."
    as_longs = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    value = _libc.syscall(ctypes.c_long(_numbers[name][_machine]), *as_longs)
    if value == -1:
        raise OSError(ctypes.get_errno(), name)
    return value

def buffer(content):
    "Memory that the kernel may write to."
    return ctypes.create_string_buffer(content, max(len(content), 1))

def ends(value):
    "Of a call that makes a process: end the new one."
    if value == 0:
        os._exit(0)
    return value

def attempt(expression):
    try:
        eval(expression, globals())
        return "done"
    except OSError as error:
        return errno.errorcode[error.errno]

def outcome(expression):
    "What becomes of an attack, in a process of its own."
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            try:
                word = attempt(expression)
            except BaseException as error:
                word = repr(error)
            os.write(writing, word.encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading) as pipe:
        word = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return word or signal.Signals(-status).name
"""


@dataclass(frozen=True)
class Attack:
    """An expression that must not succeed."""

    code: str
    refused: str = "EPERM"
    tried_unprotected: bool = True
    """Whether the code may run unprotected: it then harms only its own process."""


class Inside:
    """A session in which attacks are tried."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.run(PRELUDE)

    def outcome(self, expression: str) -> str:
        """Return the outcome of an attack by a child of the kernel."""
        return self.run(f"print(outcome({expression!r}))").strip()

    def run(self, code: str) -> str:
        """Run code that must not fail; return its output."""
        result = self.session.run(code)
        trouble = result.error or result.failure
        assert trouble is None, trouble
        return result.stdout


class Unprotected:
    """A container of the same image whose root has capabilities, and no profile."""

    def __init__(self, name: str) -> None:
        self._name = name

    def outcomes(self, expressions: Sequence[str]) -> list[str]:
        """Return outcomes of attacks, each in a process and a mount namespace of its own."""
        alone = [f"(call('unshare', 0x20000), {expression})" for expression in expressions]
        code = f"{PRELUDE}\nfor attack in {alone!r}: print(outcome(attack))"
        return self.run(code).splitlines()

    def run(self, code: str) -> str:
        """Run code that must not fail; return its output."""
        done = subprocess.run(
            ["docker", "exec", "--interactive", self._name, "python", "-I", "-"],
            input=code,
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def unprotected(*options: str, user: str = "0") -> Iterator[Unprotected]:
    """Run such a container, without a network, for the length of the block."""
    security = ["--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined"]
    if user == "0":
        security += [f"--cap-add={name}" for name in CAPABILITIES]
    name = docker(
        *["run", "--detach", "--rm", "--network=none", f"--user={user}", *security, *options],
        *["--entrypoint=sleep", CORE, "infinity"],
    )
    try:
        yield Unprotected(name)
    finally:
        docker("rm", "--force", name)
