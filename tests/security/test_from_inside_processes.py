"""Attacks on PID 1 and other protected processes: they reveal nothing and keep running."""

import base64
import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cellblock_client import Client
from tests.support.engine import containers, inspect
from tests.support.inside import PRELUDE, Attack, Inside, unprotected
from tests.support.server import ServerProcess

SECRETS = ("mem", "environ", "maps", "smaps", "auxv", "syscall", "stack", "io", "pagemap")
LINKS = ("cwd", "root", "exe", "fd/0", "ns/net")
FOLDERS = ("fd", "fdinfo", "map_files")
WRITABLE = ("mem", "oom_score_adj", "comm", "clear_refs", "coredump_filter", "sched")
"""By their owner; these others may open anybody's and write to none but their own."""
OWN_ONLY = ("attr/exec", "timerslack_ns")

REFUSALS = ("EACCES", "EPERM", "ENOENT", "EINVAL")
PROTECTED = {"agent": "1", "fork server": "os.getppid()"}
"""Process ids of the protected processes, as the kernel sees them."""
AGAINST = {
    "ptrace: attach": Attack("call('ptrace', 16, {pid}, 0, 0)"),
    "ptrace: seize": Attack("call('ptrace', 0x4206, {pid}, 0, 0)"),
    "ptrace: oneself": Attack("call('ptrace', 0, 0, 0, 0)"),
    "read memory": Attack(
        "call('process_vm_readv', {pid}, buffer(bytes(16)), 1, buffer(bytes(16)), 1, 0)"
    ),
    "write memory": Attack(
        "call('process_vm_writev', {pid}, buffer(bytes(16)), 1, buffer(bytes(16)), 1, 0)"
    ),
    "take a descriptor": Attack("call('pidfd_getfd', call('pidfd_open', {pid}, 0), 0, 0)"),
    "compare": Attack("call('kcmp', os.getpid(), {pid}, 0, 0, 0)"),
    "namespace": Attack(
        "call('setns', call('pidfd_open', {pid}, 0), 0x20000)", tried_unprotected=False
    ),
    "limit its files": Attack("call('prlimit64', {pid}, 7, buffer(struct.pack('=QQ', 0, 0)), 0)"),
    "make it nice": Attack("call('setpriority', 0, {pid}, 19)"),
    "make all of the user's nice": Attack("call('setpriority', 2, 0, 19)"),
    "schedule it last": Attack("call('sched_setscheduler', {pid}, 5, buffer(bytes(4)))"),
    "forge a signal": Attack(
        "call('rt_sigqueueinfo', {pid}, 15,"
        " buffer(struct.pack('=iii', 15, 0, -1).ljust(128, b'\\0')))"
    ),
    "forge by descriptor": Attack(
        "call('pidfd_send_signal', call('pidfd_open', {pid}, 0), 15,"
        " buffer(struct.pack('=iii', 15, 0, -1).ljust(128, b'\\0')), 0)"
    ),
}


@pytest.fixture(scope="module")
def unrefused() -> Iterator[dict[str, str]]:
    """Outcomes against a process of the same user that has not protected itself, unfiltered."""
    with unprotected(user="1000:1000") as container:
        code = f"{PRELUDE}\nvictim = os.getppid()\n" + "\n".join(
            f"print(outcome({attack.code.format(pid=1)!r}))" for attack in AGAINST.values()
        )
        yield dict(zip(AGAINST, container.run(code).splitlines(), strict=True))


@pytest.mark.parametrize("who", PROTECTED)
def test_proc_reveals_nothing_about_protected_processes(inside: Inside, who: str) -> None:
    attempts = [
        *(f"open('/proc/PID/{name}', 'rb').read(1)" for name in SECRETS),
        *(f"os.readlink('/proc/PID/{name}')" for name in LINKS),
        *(f"os.listdir('/proc/PID/{name}')" for name in FOLDERS),
        *(f"open('/proc/PID/{name}', 'r+b')" for name in WRITABLE),
        *(f"os.write(os.open('/proc/PID/{name}', os.O_WRONLY), b'1')" for name in OWN_ONLY),
    ]
    words = inside.run(
        f"for attack in {attempts!r}:\n"
        f"    print(attempt(attack.replace('PID', str({PROTECTED[who]}))))"
    )
    outcomes = dict(zip(attempts, words.split(), strict=True))
    # A kernel may have been built without one of these files; not without these.
    answered = {name: word for name, word in outcomes.items() if word not in REFUSALS}
    assert answered == {}
    for name in ("mem", "environ", "maps"):
        assert outcomes[f"open('/proc/PID/{name}', 'rb').read(1)"] == "EACCES"
    assert {outcomes[f"os.listdir('/proc/PID/{name}')"] for name in FOLDERS} == {"EACCES"}


@pytest.mark.parametrize("who", PROTECTED)
@pytest.mark.parametrize("name", AGAINST)
def test_protected_processes_can_not_be_attacked(
    inside: Inside, unrefused: dict[str, str], who: str, name: str
) -> None:
    attack = AGAINST[name]
    word = inside.run(
        f"print(outcome({attack.code!r}.replace('{{pid}}', str({PROTECTED[who]}))))"
    ).strip()
    assert word == attack.refused
    assert inside.session.run("1").text == "1"
    if attack.tried_unprotected:
        assert unrefused[name] != attack.refused


def test_an_unprotected_process_of_the_same_user_is_readable(inside: Inside) -> None:
    """Control: the agent's own protection refuses access, not the sandbox's /proc."""
    words = inside.run(
        "pid = os.posix_spawn('/bin/sleep', ['sleep', '60'], {'A': 'b'})\n"
        "print(attempt(f'open(\"/proc/{pid}/environ\").read()'))\n"
        'print(attempt(f\'open("/proc/{pid}/mem", "rb")\'))\n'
        "os.kill(pid, 9); os.waitpid(pid, 0)"
    )
    assert words.split() == ["done", "done"]


def test_a_forged_signal_does_not_end_the_agent(
    new_server: Callable[..., ServerProcess], without_landlock: str
) -> None:
    """The agent ignores a signal's forgeable fields even where nothing refuses the signal."""
    server = new_server(CELLBLOCK_SANDBOX__SECCOMP=without_landlock)
    with Client(server.address) as client, client.sessions.create() as session:
        words = Inside(session).run(
            "for pid in (0, 99999):\n"
            "    for way in (-1, -2, -60):\n"
            "        info = struct.pack('=iiiii', 15, 0, way, 0, pid).ljust(128, b'\\0')\n"
            "        print(outcome('call(\"rt_sigqueueinfo\", 1, 15, buffer(info))'))"
        )
        assert words.split() == ["done"] * 6
        assert session.run("1").text == "1"


def test_the_token_is_not_in_the_kernels_memory_or_environment(
    inside: Inside, state_dir: Path
) -> None:
    with closing(sqlite3.connect(state_dir / "cellblock.db")) as database:
        tokens = [row[0] for row in database.execute("SELECT agent_token FROM sessions")]
    digests = [hashlib.sha256(token.encode()).hexdigest() for token in tokens if token]
    assert digests
    # The control: a word of the same kind that is there.
    planted = base64.urlsafe_b64encode(bytes(range(32))).rstrip(b"=").decode()
    digests.append(hashlib.sha256(planted.encode()).hexdigest())
    assert len(planted) == len(tokens[0])
    seen = inside.run(
        "import base64, hashlib, re\n"
        "planted = base64.urlsafe_b64encode(bytes(range(32))).rstrip(b'=')\n"
        f"wanted, length = set({digests}), {len(planted)}\n"
        "word = re.compile(rb'(?<![\\w-])[\\w-]{%d}(?![\\w-])' % length)\n"
        "def words(content):\n"
        "    return {hashlib.sha256(w).hexdigest() for w in set(word.findall(content))} & wanted\n"
        "seen = set()\n"
        "with open('/proc/self/maps') as maps, open('/proc/self/mem', 'rb', 0) as memory:\n"
        "    for line in maps.read().splitlines():\n"
        "        start, end = (int(x, 16) for x in line.split()[0].split('-'))\n"
        "        if 'rw' in line.split()[1]:\n"
        "            try: memory.seek(start); seen |= words(memory.read(end - start))\n"
        "            except OSError: pass\n"
        "for path in glob.glob('/proc/[0-9]*/cmdline') + ['/proc/self/environ']:\n"
        "    seen |= words(open(path, 'rb').read())\n"
        "print(*seen)"
    ).split()
    assert seen == [digests[-1]]


def test_no_core_is_dumped_and_no_handler_of_the_hosts_started(inside: Inside) -> None:
    said = inside.run(
        "import resource\n"
        "os.chdir('/mnt/data'); before = set(os.listdir())\n"
        "pid = os.fork()\n"
        "if pid == 0: os.kill(os.getpid(), signal.SIGSEGV)\n"
        "status = os.waitpid(pid, 0)[1]\n"
        "print(os.WTERMSIG(status), os.WCOREDUMP(status), len(set(os.listdir()) - before))\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE))\n"
        # To the kernel 1 means: start no handler. No other number means it.
        "for limit in ((0, 0), (0, 1), (1, 1)):\n"
        '    print(attempt(f\'call("prlimit64", 0, 4, buffer(struct.pack("=QQ", *{limit})), 0)\'))'
    )
    assert said.splitlines() == ["11 False 0", "(1, 1)", "EPERM", "EPERM", "EPERM"]


def test_the_containers_environment_is_the_images(instance: str, inside: Inside) -> None:
    """The server passes nothing to the agent by its environment."""
    name = containers(instance)[0]
    image = inspect(inspect(name)["Image"])
    assert inspect(name)["Config"]["Env"] == image["Config"]["Env"]
    assert "token" not in " ".join(inspect(name)["Config"]["Cmd"])
