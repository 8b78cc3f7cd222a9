"""Attacks on the host: its files, devices and settings, the engine's socket, other secrets."""

import secrets
from collections.abc import Callable

import pytest

from cellblock_client import Client
from cellblock_server.backends.docker.options import MASKED
from tests.support.inside import PRELUDE, Inside, Unprotected
from tests.support.server import ServerProcess

ABSENT = (
    *("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock"),
    *("/run/podman/podman.sock", "/var/lib/docker", "/dev/mem", "/dev/kmem", "/dev/port"),
    *("/dev/kmsg", "/dev/sda", "/dev/vda", "/dev/fuse", "/dev/kvm", "/dev/net/tun", "/dev/loop0"),
    *("/dev/loop-control", "/dev/mapper/control", "/dev/userfaultfd", "/dev/rtc0", "/lib/modules"),
    *("/host", "/rootfs"),
)
DEVICES = {
    *("console", "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm"),
    *("stderr", "stdin", "stdout", "tty", "urandom", "zero"),
}
SETTINGS = {
    "sysrq": "open('/proc/sysrq-trigger', 'w')",
    "core pattern": "open('/proc/sys/kernel/core_pattern', 'w')",
    "module loader": "open('/proc/sys/kernel/modprobe', 'w')",
    "hotplug helper": "open('/sys/kernel/uevent_helper', 'w')",
    "release agent": "open('/sys/fs/cgroup/release_agent', 'w')",
    "release agent, v1": "open('/sys/fs/cgroup/memory/release_agent', 'w')",
    "memory limit": "open('/sys/fs/cgroup/memory.max', 'w')",
    "memory limit, v1": "open('/sys/fs/cgroup/memory/memory.limit_in_bytes', 'w')",
    "processes of a cgroup": "open('/sys/fs/cgroup/cgroup.procs', 'w')",
    "new cgroup": "os.mkdir('/sys/fs/cgroup/canary')",
    "new cgroup, v1": "os.mkdir('/sys/fs/cgroup/memory/canary')",
    "pressure": "open('/proc/pressure/cpu', 'w')",
}
SECRET = "canary-"


def test_neither_proc_nor_sys_can_be_written(inside: Inside, outside: Unprotected) -> None:
    """Open each file of /proc and /sys for writing, except those of processes."""
    code = (
        "import stat\n"
        "def files(folder):\n"
        "    for entry in os.scandir(folder):\n"
        "        if entry.is_symlink() or folder == '/proc' and entry.name.isdecimal(): continue\n"
        "        if entry.is_dir():\n"
        "            try: yield from files(entry.path)\n"
        "            except OSError: pass\n"
        # Masked files are the null device.
        "        elif stat.S_ISREG(os.stat(entry.path).st_mode): yield entry.path\n"
        "paths = [*files('/proc'), *files('/sys')]\n"
        "def writable(path):\n"
        "    try: os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK)); return True\n"
        "    except OSError: return False\n"
        "print(len(paths) > 1000, [path for path in paths if writable(path)])"
    )
    assert inside.run(code).strip() == "True []"
    assert "/proc/pressure/cpu" in outside.run(PRELUDE + code)


@pytest.mark.parametrize("name", SETTINGS)
def test_host_settings_can_not_be_changed(inside: Inside, name: str) -> None:
    """A kernel has only some of the settings; none may be changed."""
    assert inside.outcome(SETTINGS[name]) in ("EACCES", "EROFS", "ENOENT")


def test_masked_paths_are_empty(inside: Inside) -> None:
    found = inside.run(
        f"for path in {MASKED}:\n"
        "    if os.path.isdir(path): print(path, *os.listdir(path))\n"
        "    elif os.path.exists(path): print(path, open(path).read(1))"
    )
    lines = found.splitlines()
    assert len(lines) > 5
    assert [line for line in lines if len(line.split()) > 1] == []


def test_core_memory_and_devices_are_not_there(inside: Inside) -> None:
    present = inside.run(f"print(*filter(os.path.lexists, {ABSENT}))")
    assert present.split() == []


def test_the_only_sockets_are_the_sandboxs_own(inside: Inside) -> None:
    found = inside.run(
        "import stat\n"
        "for folder, _, names in os.walk('/'):\n"
        "    if folder.startswith(('/proc', '/sys')): continue\n"
        "    for name in names:\n"
        "        path = os.path.join(folder, name)\n"
        "        if stat.S_ISSOCK(os.lstat(path).st_mode): print(os.path.dirname(path))"
    )
    # The agent's is in a folder that is closed.
    assert set(found.split()) == {"/run/kernel"}


def test_devices_are_those_that_every_container_has(inside: Inside) -> None:
    assert set(inside.run("print(*os.listdir('/dev'))").split()) <= DEVICES


def test_code_sees_only_its_own_processes(inside: Inside) -> None:
    commands = inside.run(
        "for path in glob.glob('/proc/[0-9]*/cmdline'):\n"
        "    print(open(path).read().replace(chr(0), ' '))"
    ).splitlines()
    assert 3 <= len(commands) <= 4
    assert all("cellblock_agent" in command for command in commands)


def test_secrets_of_the_server_and_of_others_are_not_there(
    new_server: Callable[..., ServerProcess],
) -> None:
    """All readable files of the sandbox are searched for canaries."""
    canary = SECRET + secrets.token_hex(8)
    server = new_server(DATABASE_PASSWORD=canary)
    (server.state / "canary").write_text(canary)
    with Client(server.address) as client, client.sessions.create() as other:
        other.run(f"open('/mnt/data/f', 'w').write({canary!r})")
        client.files.upload(canary.encode(), "stored")
        with client.sessions.create() as session:
            inside = Inside(session)
            inside.run("open('/mnt/data/own', 'w').write('can' + 'ary-own')")
            found = inside.run(SEARCH).split()
    assert found
    assert {path.partition("/mnt/")[2] for path in found} == {"data/own"}


SEARCH = """
import re
word = re.compile(b'can' + b'ary-')
def readable(top, pruned=()):
    for folder, folders, names in os.walk(top):
        folders[:] = [n for n in folders if os.path.join(folder, n) not in pruned]
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path): yield path
paths = [*readable('/', ('/proc', '/sys', '/opt', '/usr'))]
for folder in glob.glob('/proc/[0-9]*'):
    paths += [f'{folder}/{n}' for n in ('environ', 'cmdline', 'status', 'comm')]
    paths += readable(f'{folder}/root/mnt') if 'self' not in folder else ()
for path in paths:
    try:
        with open(path, 'rb') as file:
            if word.search(file.read(2**24)): print(path)
    except OSError:
        pass
"""
"""Prints the paths of files that hold a canary."""


@pytest.mark.parametrize("folder", ["/mnt/inputs", "/etc", "/"])
def test_relative_paths_do_not_leave_the_sandbox(inside: Inside, folder: str) -> None:
    """The parent of a mount is the sandbox's, not the host's folder that is mounted."""
    up = folder + "/.." * 20
    assert inside.run(f"print(os.path.samefile({up!r}, '/'))").strip() == "True"
    assert inside.outcome(f"os.stat({folder + '/../state'!r})") == "ENOENT"
