"""Options of sandbox containers: each default is inspected and its effect tried."""

from typing import Any

import pytest

from cellblock_client import Client, FailureCause, Limits
from cellblock_client.client import Session
from cellblock_client.errors import WrongStateError
from cellblock_server.backends.docker.seccomp import load_profile
from cellblock_server.config import Settings
from cellblock_server.config.sandboxes import RuntimeOverhead
from tests.support.engine import containers, inspect


@pytest.fixture
def container(client: Client, instance: str) -> Any:
    before = set(containers(instance))
    with client.sessions.create():
        (name,) = set(containers(instance)) - before
        yield inspect(name)


@pytest.mark.core
def test_the_container_is_hardened(container: dict[str, Any]) -> None:
    host, config = container["HostConfig"], container["Config"]
    assert host["NetworkMode"] == "none"
    assert config["NetworkDisabled"]
    user, group = map(int, config["User"].split(":"))
    assert 40000 <= user == group <= 44095
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert f"seccomp={load_profile('cellblock')}" in host["SecurityOpt"]
    assert host["ReadonlyRootfs"]
    assert not host["Privileged"]
    overhead = Settings().sandbox.runtime_overhead.get(host["Runtime"], RuntimeOverhead())
    assert host["Memory"] == host["MemorySwap"] == 2**30 + overhead.memory_bytes
    assert host["NanoCpus"] == 10**9
    assert host["PidsLimit"] == 256 + overhead.pids
    assert (host["IpcMode"], host["PidMode"], host["UTSMode"]) == ("private", "", "")
    assert {item["Name"]: item["Hard"] for item in host["Ulimits"]} == {
        "nofile": 1024,
        "fsize": 8 * 2**30,
        "core": 1,
    }
    assert host["RestartPolicy"]["Name"] == "no"
    assert not host["Devices"]


def test_the_container_has_no_host_paths_but_its_own(container: dict[str, Any]) -> None:
    mounts = {mount["Destination"]: mount for mount in container["Mounts"]}
    assert set(mounts) == {"/run/cellblock", "/mnt/inputs", "/etc/hosts"}
    assert not mounts["/mnt/inputs"]["RW"]
    assert not mounts["/etc/hosts"]["RW"]
    sandbox_id = container["Config"]["Labels"]["dev.cellblock.sandbox"]
    for mount in mounts.values():
        assert f"/run/{sandbox_id}/" in mount["Source"]
    for path, options in container["HostConfig"]["Tmpfs"].items():
        assert "size=" in options, path
        assert "nosuid,nodev,noexec" in options, path


@pytest.mark.core
def test_the_kernel_has_no_privileges(shared_session: Session) -> None:
    result = shared_session.run(
        "import os\n"
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "print(*{*os.getresuid(), *os.getresgid(), *os.getgroups()})\n"
        "print(*(status[f'Cap{kind}'].strip() for kind in ('Inh', 'Prm', 'Eff', 'Bnd')))"
    )
    identity, capabilities = result.stdout.splitlines()
    assert 40000 <= int(identity) <= 44095
    assert set(capabilities) == {"0", " "}


OWN_KERNEL = "gVisor's kernel answers calls itself: docs/security/gvisor.md"


@pytest.mark.unless_runtime("runsc", OWN_KERNEL)
def test_no_new_privileges_and_seccomp_are_on(shared_session: Session) -> None:
    result = shared_session.run(
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "print(*(status[name].strip() for name in ('CapAmb', 'NoNewPrivs', 'Seccomp')))"
    )
    assert result.stdout == "0000000000000000 1 2\n"


@pytest.mark.core
def test_the_root_file_system_is_read_only(shared_session: Session) -> None:
    result = shared_session.run(
        "for path in ('/x', '/etc/x', '/usr/x', '/opt/cellblock/x', '/run/x', '/var/tmp/x',\n"
        "             '/mnt/inputs/x', '/run/cellblock/x'):\n"
        "    try: open(path, 'w')\n"
        "    except OSError as error: print(path, type(error).__name__)\n"
        "    else: print(path, 'WRITTEN')"
    )
    assert "WRITTEN" not in result.stdout
    assert len(result.stdout.splitlines()) == 8


@pytest.mark.core
def test_code_can_not_access_the_sockets_folder(session: Session) -> None:
    for code in (
        "os.listdir('/run/cellblock')",
        "open('/run/cellblock/token')",
        "os.unlink('/run/cellblock/agent.sock')",
        "os.rename('/run/cellblock/agent.sock', '/run/cellblock/x')",
        "socket.socket(socket.AF_UNIX).connect('/run/cellblock/agent.sock')",
    ):
        result = session.run(f"import os, socket; {code}")
        assert result.error is not None
        assert result.error.name == "PermissionError"


@pytest.mark.core
def test_user_code_can_not_read_the_agents_memory(session: Session) -> None:
    result = session.run(
        "import ctypes, os\n"
        "PTRACE_ATTACH = 16\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "print(libc.ptrace(PTRACE_ATTACH, 1, 0, 0), os.strerror(ctypes.get_errno()))\n"
        "try: open('/proc/1/mem', 'rb')\n"
        "except OSError as error: print(type(error).__name__)"
    )
    assert result.stdout.splitlines() == ["-1 Operation not permitted", "PermissionError"]


@pytest.mark.unless_runtime(
    "runsc", "of /proc/1, only its memory is closed: docs/security/gvisor.md"
)
def test_code_can_not_inspect_the_agent(session: Session) -> None:
    result = session.run(
        "for path in ('/proc/1/environ', '/proc/1/mem', '/proc/1/maps', '/proc/1/fd/0'):\n"
        "    try: open(path, 'rb').read(1)\n"
        "    except OSError as error: print(type(error).__name__)\n"
        "    else: print(path, 'READ')"
    )
    assert result.stdout.splitlines() == ["PermissionError"] * 4


@pytest.mark.unless_runtime("runsc", "code can end its own sandbox: docs/security/gvisor.md")
def test_signals_from_inside_do_not_reach_the_agent(session: Session) -> None:
    session.run("x = 1")
    result = session.run(
        "import os, signal\n"
        "for number in signal.valid_signals():\n"
        "    try: os.kill(1, number)\n"
        "    except PermissionError: pass  # from Linux 6.12 on\n"
        "print('sent')"
    )
    assert result.stdout == "sent\n"
    assert session.run("x").text == "1"
    assert session.refresh().kernel_generation == 1


@pytest.mark.unless_runtime(
    "runsc", "its devices are its own, not the host's: docs/security/gvisor.md"
)
def test_no_devices_can_be_made(shared_session: Session) -> None:
    result = shared_session.run(
        "import os\n"
        "try: os.mknod('/mnt/data/device', 0o20666, os.makedev(1, 5))\n"
        "except OSError as error: print(type(error).__name__)"
    )
    assert result.stdout == "PermissionError\n"


def test_no_program_is_setuid(shared_session: Session) -> None:
    result = shared_session.run(
        "import subprocess\n"
        "subprocess.run('find / -xdev -perm /6000 -type f 2>/dev/null', shell=True,"
        " capture_output=True, text=True).stdout"
    )
    assert result.text == "''"


@pytest.mark.core
def test_memory_is_limited_without_swap(client: Client) -> None:
    # Slow enough for a memory watch on a busy machine, which gVisor needs.
    code = "import time\nx = []\nwhile True: x.append(bytearray(2**20)); time.sleep(0.005)"
    with client.sessions.create(limits=Limits(memory_bytes=256 * 2**20)) as session:
        result = session.run(code)
        assert result.failure is not None
        assert result.failure.cause is FailureCause.OUT_OF_MEMORY
        assert session.run("1").text == "1"


@pytest.mark.core
def test_processes_are_limited(client: Client) -> None:
    with client.sessions.create(limits=Limits(pids=64)) as session:
        result = session.run(
            "import subprocess\n"
            "children = []\n"
            "try:\n"
            "    for _ in range(200): children.append(subprocess.Popen(['sleep', '60']))\n"
            "except OSError as error: print(error.strerror)\n"
            "print(len(children) < 64)"
        )
        assert result.stdout == "Resource temporarily unavailable\nTrue\n"
        session.restart()
        assert session.run("1").text == "1"


@pytest.mark.unless_runtime("runsc", "its kernel may run out of memory: docs/security/gvisor.md")
def test_a_fork_bomb_is_survived(client: Client) -> None:
    with client.sessions.create(limits=Limits(pids=64)) as session:
        result = session.run(
            "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", time_limit=1
        )
        assert result.failure is not None
        assert result.failure.cause is FailureCause.TIME_LIMIT
        assert session.run("1 + 1").text == "2"


@pytest.mark.unless_runtime("runsc", "it does not count CPU time as the host does")
def test_cpu_is_limited(client: Client) -> None:
    code = (
        "import time\n"
        "wall, cpu = time.monotonic(), time.process_time()\n"
        "while time.monotonic() - wall < 1: pass\n"
        "print((time.process_time() - cpu) / (time.monotonic() - wall) < 0.6)"
    )
    with client.sessions.create(limits=Limits(cpus=0.3)) as session:
        assert session.run(code).stdout == "True\n"


@pytest.mark.parametrize(
    ("folder", "size"), [("/mnt/data", 4), ("/tmp", 3), ("/home/sandbox", 64), ("/dev/shm", 64)]
)
def test_folders_are_limited(client: Client, folder: str, size: int) -> None:
    limits = Limits(data_bytes=4 * 2**20, tmp_bytes=3 * 2**20)
    with client.sessions.create(limits=limits) as session:
        result = session.run(
            f"written = 0\n"
            f"try:\n"
            f"    with open('{folder}/big', 'wb', buffering=0) as file:\n"
            f"        for _ in range(100): written += file.write(bytes(2**20))\n"
            f"except OSError as error: print(error.strerror)\n"
            f"import os; os.unlink('{folder}/big'); print(written <= {size} * 2**20)"
        )
        assert result.stdout == "No space left on device\nTrue\n"


@pytest.mark.core
def test_folders_that_are_full_leave_a_session_that_works(client: Client) -> None:
    """All folders are filled at the same time, with the least memory: tmpfs counts as memory."""
    fill = (
        "import errno, os\n"
        "def fill(folder):\n"
        "    try:\n"
        "        with open(f'{folder}/big', 'wb', buffering=0) as file:\n"
        "            while True: file.write(bytes(2**16))\n"
        "    except OSError as error: print(folder, errno.errorcode[error.errno])\n"
        "for folder in ('/mnt/data', '/tmp', '/home/sandbox'): fill(folder)"
    )
    with (
        client.sessions.create(limits=Limits(memory_bytes=256 * 2**20)) as full,
        client.sessions.create() as neighbour,
    ):
        result = full.run(fill)
        assert result.failure is None
        assert result.stdout == "/mnt/data ENOSPC\n/tmp ENOSPC\n/home/sandbox ENOSPC\n"
        assert neighbour.run("open('/mnt/data/x', 'w').write('x')").text == "1"
        assert full.run("sum(range(10))").text == "45"
        with pytest.raises(WrongStateError, match="full") as caught:
            full.files.write("more", bytes(2**20))
        assert caught.value.reason == "SANDBOX_FULL"
        full.restart()
        assert full.run("import os; os.unlink('/mnt/data/big'); 1").text == "1"
        full.files.write("more", bytes(2**20))


@pytest.mark.unless_runtime("runsc", "it does not count a folder's files: docs/security/gvisor.md")
def test_empty_files_are_limited(client: Client) -> None:
    code = (
        "import errno\n"
        "try:\n"
        "    for number in range(10**6): open(f'/mnt/data/{number}', 'x').close()\n"
        "except OSError as error: print(errno.errorcode[error.errno], number > 1000)"
    )
    with client.sessions.create(limits=Limits(data_bytes=32 * 2**20)) as session:
        assert session.run(code).stdout == "ENOSPC True\n"
        assert session.run("1").text == "1"


def test_open_files_are_limited(session: Session) -> None:
    result = session.run(
        "import os\n"
        "files = []\n"
        "try:\n"
        "    while True: files.append(os.open('/dev/null', os.O_RDONLY))\n"
        "except OSError as error: message = error.strerror\n"
        "count = len(files)\n"
        "for file in files: os.close(file)\n"
        "print(message, count < 1024)"
    )
    assert result.stdout == "Too many open files True\n"


def test_the_size_of_a_file_is_limited(shared_session: Session) -> None:
    result = shared_session.run(
        "import resource; resource.getrlimit(resource.RLIMIT_FSIZE), "
        "resource.getrlimit(resource.RLIMIT_CORE)"
    )
    assert result.text == "((8589934592, 8589934592), (1, 1))"


@pytest.mark.core
def test_programs_in_writable_folders_do_not_run(shared_session: Session) -> None:
    result = shared_session.run(
        "import os, shutil, subprocess\n"
        "for folder in ('/mnt/data', '/tmp', '/home/sandbox'):\n"
        "    shutil.copy('/bin/true', f'{folder}/program'); os.chmod(f'{folder}/program', 0o755)\n"
        "    try: subprocess.run([f'{folder}/program'])\n"
        "    except PermissionError as error: print('refused')"
    )
    assert result.stdout == "refused\n" * 3


def test_sessions_do_not_see_each_other(client: Client) -> None:
    with client.sessions.create() as one, client.sessions.create() as other:
        one.run("open('/mnt/data/secret', 'w').write('x'); open('/tmp/secret', 'w').write('x')")
        result = other.run("import os; os.listdir('/mnt/data'), os.listdir('/tmp')")
        assert result.text == "([], [])"
        count = "sum(name.isdecimal() for name in __import__('os').listdir('/proc'))"
        assert int(other.run(count).text) <= 4  # agent, fork server, kernel, and room for one
