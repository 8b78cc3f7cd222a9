"""Running out of memory kills the kernel, and never the agent."""

import pytest

from cellblock_client import Client, FailureCause, Limits

LOWER = """
import os, sys
def lower():
    for name in ('oom_score_adj', 'oom_adj'):
        try:
            with open(f'/proc/self/{name}', 'w') as file: file.write('0')
        except OSError as error: print(name, error.strerror)
"""
FILL = """
for folder in ('/mnt/data', '/tmp', '/home/sandbox', '/dev/shm'):
    try:
        with open(f'{folder}/big', 'wb', buffering=0) as file:
            while True: file.write(bytes(2**16))
    except OSError: pass
"""
TAKE = """
# Memory of no process: the largest one that is left is the agent.
files = []
while True:
    files.append(os.memfd_create('x'))
    os.write(files[-1], bytes(2**20))
"""


@pytest.mark.unless_runtime("runsc", "code can end its own sandbox: docs/security/gvisor.md")
def test_out_of_memory_kills_the_kernel(client: Client) -> None:
    with client.sessions.create(limits=Limits(memory_bytes=256 * 2**20)) as session:
        result = session.run(
            f"{LOWER}lower()\n{FILL}"
            # A process of its own, with nothing of the kernel's memory.
            f"os.execv(sys.executable, ['python', '-S', '-I', '-c', {LOWER + 'lower()' + TAKE!r}])"
        )
        assert result.failure is not None
        assert result.failure.cause is FailureCause.OUT_OF_MEMORY
        assert "oom_score_adj Permission denied" in result.stdout
        assert session.run("1 + 1").text == "2"


def test_other_writes_still_work(client: Client) -> None:
    """The protection of the OOM score leaves files, pipes, devices and renames alone."""
    with client.sessions.create() as session:
        result = session.run(
            "import os, pathlib, subprocess\n"
            "for folder in ('/mnt/data', '/tmp', '/home/sandbox', '/dev/shm'):\n"
            "    one, other = (pathlib.Path(folder, name) for name in ('one', 'other'))\n"
            "    one.mkdir(); other.mkdir(); (one / 'x').write_text('x')\n"
            "    (one / 'x').rename(other / 'x'); os.link(other / 'x', one / 'y')\n"
            "open('/dev/null', 'w').write('x'); open('/dev/shm/x', 'w').write('x')\n"
            "reading, writing = os.pipe(); open(f'/proc/self/fd/{writing}', 'w').write('through')\n"
            "os.write(os.memfd_create('x'), b'x')\n"
            "subprocess.run('echo shown > /dev/stdout; cat <(echo piped)', shell=True,"
            " executable='/bin/bash', check=True)\n"
            "os.read(reading, 99)"
        )
        assert (result.error, result.failure) == (None, None)
        assert (result.stdout, result.text) == ("shown\npiped\n", "b'through'")
