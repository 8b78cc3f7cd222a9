"""System calls that could give hostile code more rights or an escape.

Each attack is tried in a session, and then where nothing refuses it: there it must have another
outcome, or it would prove nothing here.
"""

import platform

import pytest

from tests.support.inside import Attack, Inside, Unprotected

CLONE_FLAGS = {
    "time": 0x80,  # clone(2) takes it for a signal's number; clone3 and unshare do not
    "mount": 0x20000,
    "cgroup": 0x2000000,
    "uts": 0x4000000,
    "ipc": 0x8000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
}
SIGCHLD = 17
CLONE3 = "ends(call('clone3', buffer(struct.pack('=11Q', {}, 0, 0, 0, 17, *[0] * 6)), 88))"

NAMESPACES = {
    **{f"unshare: {n}": Attack(f"call('unshare', {f})") for n, f in CLONE_FLAGS.items()},
    **{
        f"clone: {name}": Attack(f"ends(call('clone', {flag | SIGCHLD}, 0, 0, 0, 0))")
        for name, flag in CLONE_FLAGS.items()
        if name != "time"
    },
    **{f"clone3: {n}": Attack(CLONE3.format(f), "ENOSYS") for n, f in CLONE_FLAGS.items()},
    "setns": Attack("call('setns', os.open('/proc/self/ns/net', os.O_RDONLY), 0)"),
}
MOUNTS = {
    "mount": Attack("call('mount', b'none', b'/mnt', b'tmpfs', 0, 0)"),
    "mount proc": Attack("call('mount', b'proc', b'/mnt', b'proc', 0, 0)"),
    "bind the root": Attack("call('mount', b'/', b'/mnt', 0, 0x1000, 0)"),
    "make the root writable": Attack("call('mount', 0, b'/', 0, 0x1020, 0)"),
    "take the limit off a folder": Attack("call('mount', 0, b'/dev/shm', 0, 0x20, 0)"),
    "umount": Attack("call('umount2', b'/dev/shm', 2)"),
    "fsopen": Attack("call('fsopen', b'tmpfs', 0)"),
    "open_tree": Attack("call('open_tree', AT_FDCWD, b'/', 1)"),
    "move_mount": Attack("call('move_mount', AT_FDCWD, b'/dev/shm', AT_FDCWD, b'/mnt', 0)"),
    "mount_setattr": Attack("call('mount_setattr', AT_FDCWD, b'/', 0, buffer(bytes(32)), 32)"),
    "chroot": Attack("call('chroot', b'/tmp')"),
    "pivot_root": Attack("call('pivot_root', b'/dev/shm', b'/dev/shm')"),
    "block device": Attack("call('mknodat', AT_FDCWD, b'/dev/shm/b', 0o60600, 0x800)"),
    "character device": Attack("call('mknodat', AT_FDCWD, b'/dev/shm/c', 0o20600, 0x101)"),
    "whiteout": Attack("call('mknodat', AT_FDCWD, b'/dev/shm/w', 0o20600, 0)"),
    "name_to_handle_at": Attack(
        "call('name_to_handle_at', AT_FDCWD, b'/', buffer(struct.pack('=Ii', 128, 0) + bytes(128)),"
        " buffer(bytes(8)), 0)"
    ),
    "open_by_handle_at": Attack(
        "call('open_by_handle_at', os.open('/', os.O_RDONLY),"
        " buffer(struct.pack('=IiQ', 8, 1, 2)), os.O_RDONLY)"
    ),
    "swapon": Attack("call('swapon', b'/dev/shm/none', 0)"),
    "swapoff": Attack("call('swapoff', b'/dev/shm/none')"),
    "quotactl": Attack("call('quotactl', 0x80000400, b'/dev/none', 0, buffer(bytes(64)))"),
    "sync": Attack("call('sync')"),
    "syncfs": Attack("call('syncfs', os.open('/run/kernel', os.O_RDONLY))"),
}
KERNEL = {
    "bpf map": Attack("call('bpf', 0, buffer(struct.pack('=4I', 2, 4, 4, 1) + bytes(112)), 128)"),
    "perf_event_open": Attack(
        "call('perf_event_open', buffer(struct.pack('=II', 1, 112) + bytes(104)), 0, -1, -1, 0)"
    ),
    "io_uring": Attack("call('io_uring_setup', 4, buffer(bytes(120)))", "ENOSYS"),
    "userfaultfd": Attack("call('userfaultfd', 1)"),
    "userfaultfd device": Attack("os.open('/dev/userfaultfd', os.O_RDWR)", "ENOENT", False),
    "add_key": Attack("call('add_key', b'user', b'canary', b'x', 1, -2)"),
    "request_key": Attack("call('request_key', b'user', b'canary', 0, 0)"),
    "keyctl": Attack("call('keyctl', 0, -3, 1)"),
    "the user's keyring": Attack("call('keyctl', 0, -4, 1)"),
    "load a module": Attack("call('init_module', buffer(b'x'), 1, b'')"),
    "load a module's file": Attack(
        "call('finit_module', os.open('/bin/true', os.O_RDONLY), b'', 0)"
    ),
    "remove a module": Attack("call('delete_module', b'canary', 0)"),
    "kexec_load": Attack("call('kexec_load', 0, 0, 0, 0)", tried_unprotected=False),
    "kexec_file_load": Attack("call('kexec_file_load', -1, -1, 0, 0, 0)", tried_unprotected=False),
    "reboot": Attack(
        "call('reboot', 0xFEE1DEAD, 0x28121969, 0x1234567, 0)", tried_unprotected=False
    ),
    "kernel log": Attack("call('syslog', 3, buffer(bytes(99)), 99)"),
    "process accounting": Attack("call('acct', b'/dev/shm/none')"),
    "fanotify": Attack("call('fanotify_init', 0, 0)"),
    "inotify": Attack("call('inotify_init1', 0)", "ENOSYS"),
    "seccomp": Attack("call('seccomp', 2, 0, buffer(struct.pack('=I', 0x7FFF0000)))"),
    "seccomp by prctl": Attack("call('prctl', 22, 2, 0, 0, 0)"),
    "speculation": Attack("call('prctl', 53, 99, 0, 0, 0)"),
    "personality": Attack("call('personality', 0x40000)"),
    "page cache of others": Attack("call('mincore', 0, 0, 0)"),
    "asynchronous io": Attack("call('io_setup', 1, buffer(bytes(8)))"),
    "message queue": Attack("call('mq_open', b'canary', os.O_CREAT | os.O_RDWR, 0o600, 0)"),
    "System V messages": Attack("call('msgget', 0, 0o1600)"),
    "System V semaphores": Attack("call('semget', 0, 1, 0o1600)"),
    "System V memory": Attack("call('shmget', 0, 4096, 0o1600)"),
    "splice": Attack("call('splice', 0, 0, 0, 0, 0, 0)"),
    "tee": Attack("call('tee', 0, 0, 0, 0)"),
    "vmsplice": Attack("call('vmsplice', 0, 0, 0, 0)"),
}
RIGHTS = {
    "setuid": Attack("call('setuid', 0)"),
    "setresuid": Attack("call('setresuid', 0, 0, 0)"),
    "setresgid": Attack("call('setresgid', 0, 0, 0)"),
    "setgroups": Attack("call('setgroups', 1, buffer(bytes(4)))"),
    "capset": Attack(
        "call('capset', buffer(struct.pack('=Ii', 0x20080522, 0)), buffer(bytes(24)))"
    ),
    "a capability to hand on": Attack("call('prctl', 47, 2, 21, 0, 0)", tried_unprotected=False),
    "host name": Attack("call('sethostname', b'canary', 6)"),
    "more open files": Attack(
        "call('prlimit64', 0, 7, buffer(struct.pack('=QQ', 1<<20, 1<<20)), 0)",
        tried_unprotected=False,
    ),
}
CLOCK = {
    "settimeofday": Attack(
        "call('settimeofday', buffer(struct.pack('=qq', int(time.time()) + 3600, 0)), 0)",
        tried_unprotected=False,
    ),
    "clock_settime": Attack(
        "call('clock_settime', 0, buffer(struct.pack('=qq', int(time.time()) + 3600, 0)))",
        tried_unprotected=False,
    ),
    # ADJ_SETOFFSET, which would move it; elsewhere only a look, which is refused here as well.
    "adjtimex": Attack(
        "call('adjtimex', buffer(struct.pack('=I', 0x100).ljust(208, bytes(1))))",
        tried_unprotected=False,
    ),
    "look by adjtimex": Attack("call('adjtimex', buffer(bytes(208)))"),
    "clock_adjtime": Attack("call('clock_adjtime', 0, buffer(bytes(208)))"),
    "clock's device": Attack("os.open('/dev/rtc0', os.O_RDWR)", "ENOENT", False),
}
X86 = {
    "16-bit segments": Attack("call('modify_ldt', 0, buffer(bytes(16)), 16)"),
    # mov eax, 20 (getpid); int 0x80; ret
    "32-bit call": Attack(
        "(lambda m: (m.write(bytes.fromhex('b814000000cd80c3')),"
        " ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()))"
        "(mmap.mmap(-1, 4096, prot=7))",
        "SIGSYS",
    ),
}
ATTACKS = {
    **NAMESPACES,
    **MOUNTS,
    **KERNEL,
    **RIGHTS,
    **CLOCK,
    **(X86 if platform.machine() == "x86_64" else {}),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_the_attack_is_refused(inside: Inside, name: str) -> None:
    attack = ATTACKS[name]
    assert inside.outcome(attack.code) == attack.refused


REAL = [name for name, attack in ATTACKS.items() if attack.tried_unprotected]


@pytest.fixture(scope="module")
def unrefused(outside: Unprotected) -> dict[str, str]:
    """Outcomes of the attacks without protection."""
    outcomes = outside.outcomes([ATTACKS[name].code for name in REAL])
    return dict(zip(REAL, outcomes, strict=True))


@pytest.mark.parametrize("name", REAL)
def test_the_attack_is_not_refused_without_protection(unrefused: dict[str, str], name: str) -> None:
    assert unrefused[name] != ATTACKS[name].refused
