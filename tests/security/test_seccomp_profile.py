"""The seccomp profile in the kernel: stricter than the engine's default for each call."""

import json
import platform
from collections.abc import Callable
from pathlib import Path

import pytest

from cellblock_client import Client
from cellblock_client.client import Session
from cellblock_server.backends.docker.seccomp import load_profile
from tests.support.engine import docker
from tests.support.images import CORE
from tests.support.inside import NUMBERS, Attack, Inside, Unprotected
from tests.support.server import ServerProcess

MACHINE = ("x86_64", "aarch64").index(platform.machine())
NUMBER = {name: numbers[MACHINE] for name, numbers in NUMBERS.items()}
LANDLOCK = {444, 445, 446}
LAST = 470
"""Past the last call that kernels of today have."""
ONLY_OURS_REFUSES = {
    *("adjtimex", "capset", "clock_adjtime", "inotify_init1", "io_setup", "mincore", "mq_open"),
    *("msgget", "ptrace", "rt_sigqueueinfo", "sched_setscheduler", "seccomp", "semget"),
    *("setresgid", "setresuid", "setuid", "shmget", "splice", "sync", "syncfs", "tee", "vmsplice"),
}
"""Some of them, which the kernel does not refuse by itself, whatever their arguments."""

PROBE = f"""
import ctypes, json, os, signal, sys
libc = ctypes.CDLL(None, use_errno=True)
answers = []
for number in range({LAST}):
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        # Whatever the call does, it is not for long; a stray child of it must not go on.
        signal.setitimer(signal.ITIMER_REAL, .2)
        parent = os.getpid()
        # No pointer, descriptor or process is meant: what the kernel reaches, it finds wrong.
        value = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(-1)] * 6)
        word = ctypes.get_errno() if value == -1 else 0
        if os.getpid() == parent: os.write(writing, str(word).encode())
        os._exit(0)
    os.close(writing)
    said = os.read(reading, 9)
    os.close(reading)
    os.waitpid(pid, 0)
    answers.append(int(said or 0))
print(json.dumps(answers))
"""


def refused(*options: str) -> set[int]:
    """Return the numbers of the system calls that fail with EPERM or ENOSYS."""
    same = ["--rm", "--network=none", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
    answers = docker("run", *same, *options, "--entrypoint=python", CORE, "-I", "-c", PROBE)
    return {number for number, answer in enumerate(json.loads(answers)) if answer in (1, 38)}


@pytest.fixture(scope="module")
def kernels() -> set[int]:
    """System calls that the kernel itself refuses to an unprivileged process."""
    return refused("--security-opt=seccomp=unconfined")


def test_the_profile_is_a_strict_subset_of_the_engines_default(
    kernels: set[int], tmp_path: Path
) -> None:
    path = tmp_path / "profile.json"
    path.write_text(str(load_profile("cellblock")))
    ours = refused(f"--security-opt=seccomp={path}") - kernels
    engines = refused() - kernels
    # Older engines refuse it. It gives no rights, and the agent confines kernels with it.
    assert engines - ours <= LANDLOCK
    assert {NUMBER[name] for name in ONLY_OURS_REFUSES} - (ours - engines) == set()
    assert len(ours - engines) > 50


@pytest.mark.parametrize(("setting", "keyring"), [("engine", "EPERM"), ("OWN", "done")])
def test_an_operator_may_choose_another(
    new_server: Callable[..., ServerProcess], tmp_path: Path, setting: str, keyring: str
) -> None:
    """The engine's default lets code trace its children, and refuses keyrings."""
    own = tmp_path / "own.json"
    own.write_text('{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []}')
    server = new_server(CELLBLOCK_SANDBOX__SECCOMP=setting.replace("OWN", str(own)))
    with Client(server.address) as client, client.sessions.create() as session:
        inside = Inside(session)
        assert inside.outcome("call('ptrace', 0, 0, 0, 0)") == "done"
        assert inside.outcome("call('keyctl', 0, -3, 1)") == keyring


NEEDED = {
    "threads": "import threading\nt = threading.Thread(target=print); t.start(); t.join()",
    "a program": "import subprocess\nsubprocess.run(['true'], check=True)",
    "a shell": "import subprocess\nsubprocess.run('ls | sort > /dev/null', shell=True, check=True)",
    "a pool": (
        "import multiprocessing as m\nwith m.get_context('fork').Pool(2) as p: p.map(abs, [1])"
    ),
    "shared memory": (
        "from multiprocessing.shared_memory import SharedMemory\n"
        "s = SharedMemory(create=True, size=9); s.close(); s.unlink()"
    ),
    "a FIFO": "import os\nos.mkfifo('/tmp/fifo'); os.unlink('/tmp/fifo')",
    "asyncio": "import asyncio\nawait asyncio.create_subprocess_exec('true')",
    "loopback": (
        "import socket\ns = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(s.getsockname()); s.accept()"
    ),
    "interfaces": "import socket\nassert socket.if_nameindex()",
    "a terminal": "import pexpect\nassert b'x' in pexpect.run('echo x')",
    "nice": "import os\nos.nice(1)",
    "limits": "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (9999, 9999))",
    "priorities of threads": "import zmq\nzmq.Context().term()",
    "sqlite": "import sqlite3\nsqlite3.connect('/tmp/d').execute('pragma user_version=1')",
    "timers": "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0)",
    "numpy": "import numpy\nnumpy.linalg.svd(numpy.ones((300, 300)))",
    "a figure": "import matplotlib.pyplot as p\np.plot([1]); p.savefig('/tmp/p.png')",
    "a table": "import pandas\npandas.DataFrame({'x': [1]}).to_excel('/tmp/t.xlsx')",
}


@pytest.mark.parametrize("name", NEEDED)
def test_data_analysis_works_under_the_profile(shared_session: Session, name: str) -> None:
    result = shared_session.run(NEEDED[name])
    assert (result.error, result.failure) == (None, None)


def test_libraries_with_native_code_work(full_session: Session) -> None:
    """Libraries with threads, allocators and native code of their own."""
    result = full_session.run(
        "import cv2, joblib, numpy, pandas, PIL.Image, scipy.linalg, sklearn.cluster\n"
        "pandas.DataFrame({'x': [1]}).to_parquet('/tmp/x'); pandas.read_parquet('/tmp/x')\n"
        "joblib.Parallel(2)(joblib.delayed(abs)(i) for i in range(4))\n"
        "sklearn.cluster.KMeans(2, n_init=1).fit(numpy.random.rand(50, 2))\n"
        "PIL.Image.new('RGB', (9, 9)).save('/tmp/i.webp'); cv2.imread('/tmp/i.webp')\n"
        "scipy.linalg.eigh(numpy.eye(50))"
    )
    assert (result.error, result.failure) == (None, None)


def test_code_can_only_lower_its_own_limits(inside: Inside, outside: Unprotected) -> None:
    """Each limit is tried, of oneself and of another: several rules make one filter."""
    lower = "call('prlimit64', {pid}, {limit}, buffer(struct.pack('=QQ', 0, 0)), 0)"
    own = [Attack(lower.format(pid=0, limit=limit)) for limit in range(16) if limit != 4]
    others = [Attack(lower.format(pid="os.getppid()", limit=limit)) for limit in range(16)]
    core = [Attack(lower.format(pid=0, limit=limit)) for limit in (4, 4 | 1 << 32)]
    assert [inside.outcome(attack.code) for attack in own] == ["done"] * 15
    for refused_one in (*others, *core):
        assert inside.outcome(refused_one.code) == "EPERM"
    assert outside.outcomes([attack.code for attack in core]) == ["done", "done"]
