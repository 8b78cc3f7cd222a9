"""Code that exhausts a resource: only its own session may suffer.

While each attack runs, a neighbour answers, and the server's memory stays flat; afterwards the
session goes on, and nothing is left: see `Attack`. `test_container.py` has more of this, and
`test_exhaustion_channels.py` what is sent to the agent and the kernel.
"""

import pytest

from cellblock_client import ExecutionStatus
from tests.support.exhaustion import Attack

ENDLESS = {
    "processes that make processes": ("while True:\n    try: os.fork()\n    except OSError: pass"),
    "threads that spin": (
        "def spin():\n    while True: pass\n"
        "until_error(lambda: threading.Thread(target=spin, daemon=True).start())\n"
        "spin()"
    ),
    "processes that spin on all CPUs": (
        "for _ in range(60):\n    if os.fork() == 0:\n        while True: pass\nwhile True: pass"
    ),
    "random numbers": "while True: os.getrandom(2**20)",
    "text of children": ("subprocess.run(['sh', '-c', 'yes stdout & yes stderr >&2 & wait'])"),
    "displays": "from IPython.display import display\nwhile True: display('x' * 100)",
    "updates of a display": (
        "from IPython.display import display\n"
        "handle = display('x', display_id=True)\n"
        "for number in range(10**6): handle.update(number)"
    ),
    "clearings": "from IPython.display import clear_output\nwhile True: clear_output()",
    "exceptions": (
        "shell = get_ipython()\n"
        "def deep(n): return 1 / 0 if n == 0 else deep(n - 1)\n"
        "try: deep(50)\n"
        "except ZeroDivisionError:\n    while True: shell.showtraceback()"
    ),
    "comms": (
        "from comm import create_comm\n"
        "while True: create_comm(target_name='x', data={'x': 'x' * 1000})"
    ),
    "files that come and go": (
        "while True:\n"
        "    for number in range(500): open(f'{number}', 'w').write('x')\n"
        "    for number in range(500): os.unlink(f'{number}')"
    ),
}
REFUSED = {
    "pipes, full ones": (
        "pipes = []\n"
        "def step():\n"
        "    pipes.extend(os.pipe())\n"
        "    os.set_blocking(pipes[-1], False)\n"
        "    try: os.write(pipes[-1], bytes(2**20))\n"
        "    except BlockingIOError: pass\n"
        "until_error(step)\nfor fd in pipes: os.close(fd)",
        "EMFILE",
    ),
    "locked memory": (
        "import mmap\n"
        "area = mmap.mmap(-1, 64 * 2**20)\n"
        "def step():\n"
        "    address = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(area)))\n"
        "    if libc.mlock(address, len(area)): raise OSError(ctypes.get_errno(), '')\n"
        "until_error(step)",
        "ENOMEM",
    ),
    "address space": (
        "import mmap\nareas = []\n"
        "until_error(lambda: areas.append(mmap.mmap(-1, 2**40)))\ndel areas",
        "ENOMEM",
    ),
    "links to a file": (
        "open('/tmp/x', 'w')\nnumber = 0\n"
        "def step():\n"
        "    global number\n"
        "    number += 1\n"
        "    os.link('/tmp/x', f'/tmp/{number}')\n"
        "until_error(step)\n"
        "for name in os.listdir('/tmp'): os.unlink(f'/tmp/{name}')",
        "ENOSPC",
    ),
    "folders": (
        "number = 0\n"
        "def step():\n"
        "    global number\n"
        "    number += 1\n"
        "    os.mkdir(f'/tmp/{number}')\n"
        "until_error(step)\n"
        "for name in os.listdir('/tmp'): os.rmdir(f'/tmp/{name}')",
        "ENOSPC",
    ),
}
MEMORY = {
    "anonymous": "x = []\nwhile True: x.append(bytearray(2**22))",
    "of many processes": (
        "for _ in range(20):\n"
        "    if os.fork() == 0:\n"
        "        x = bytearray(b'x') * 2**26; time.sleep(1000)\n"
        "x = []\nwhile True: x.append(bytearray(b'x') * 2**22)"
    ),
    "shared": (
        "import mmap\nx = []\nwhile True: x.append(mmap.mmap(-1, 2**22)); x[-1].write(b'x' * 2**22)"
    ),
    "in anonymous files": (
        "files = []\n"
        "while True:\n"
        "    files.append(os.memfd_create('x')); os.write(files[-1], bytes(2**24))"
    ),
    "of sockets": (
        "pairs = []\n"
        "while True:\n"
        "    pairs.append(socket.socketpair())\n"
        "    one = pairs[-1][0]\n"
        "    one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**30)\n"
        "    one.setblocking(False)\n"
        "    try:\n"
        "        while True: one.send(bytes(2**16))\n"
        "    except BlockingIOError: pass"
    ),
    "page tables": (
        "import mmap\n"
        "MAP_NORESERVE = 0x4000\n"
        "flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_NORESERVE\n"
        "area = mmap.mmap(-1, 2**43, flags, mmap.PROT_READ)\n"
        "area.madvise(mmap.MADV_NOHUGEPAGE)\n"
        "for place in range(0, 2**43, 2**21): area[place]"
    ),
}


@pytest.mark.parametrize("code", ENDLESS.values(), ids=ENDLESS)
async def test_endless_code_is_ended(attack: Attack, code: str) -> None:
    result = await attack.run(code)
    assert result.status is ExecutionStatus.FAILED
    assert result.failure is not None
    assert result.failure.cause.name in ("TIME_LIMIT", "OUT_OF_MEMORY")


@pytest.mark.parametrize(("code", "error"), REFUSED.values(), ids=REFUSED)
async def test_counted_resources_run_out(attack: Attack, code: str, error: str) -> None:
    result = await attack.run(code, seconds=20)
    assert result.failure is None
    assert f"refused: {error}" in result.stdout


@pytest.mark.parametrize("code", MEMORY.values(), ids=MEMORY)
async def test_memory_runs_out_for_its_own_session(attack: Attack, code: str) -> None:
    result = await attack.run(code, seconds=20)
    assert result.failure is not None
    assert result.failure.cause.name == "OUT_OF_MEMORY"
    assert result.failure.message.startswith("out of memory: limit 384 MiB")
