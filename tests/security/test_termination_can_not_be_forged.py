"""A signal whose sender the kernel has dropped from its queue does not end the agent."""

from collections.abc import Callable

import pytest

from cellblock_client import Client
from tests.support.inside import Inside
from tests.support.server import ServerProcess

FILL_THE_QUEUE = """
import resource
limit = resource.getrlimit(resource.RLIMIT_SIGPENDING)[0]
event = (ctypes.c_char * 64).from_buffer(bytearray(struct.pack('=Qii', 0, signal.SIGRTMIN + 3, 0)
                                                   .ljust(64, bytes(1))))
number = {'x86_64': 222, 'aarch64': 107}[platform.machine()]
timers, timer = 0, ctypes.c_int()
# Each timer has a place in the queue of its user.
while _libc.syscall(number, 1, event, ctypes.byref(timer)) == 0: timers += 1
print(ctypes.get_errno() == errno.EAGAIN, timers <= limit)
"""
SEND = """
kill = {'x86_64': 234, 'aarch64': 131}[platform.machine()]
for thread in os.listdir('/proc/1/task'):
    for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        _libc.syscall(kill, 1, int(thread), int(one))
"""


@pytest.mark.unless_runtime("runsc", "code can end its own sandbox: docs/security/gvisor.md")
def test_the_agent_continues_when_the_signal_queue_is_full(
    new_server: Callable[..., ServerProcess], without_landlock: str
) -> None:
    # With it, newer kernels refuse these signals in the first place.
    server = new_server(CELLBLOCK_SANDBOX__SECCOMP=without_landlock)
    with Client(server.address) as client, client.sessions.create() as session:
        session.run("x = 1")
        inside = Inside(session)
        assert inside.run(FILL_THE_QUEUE) == "True True\n"
        inside.run(SEND)
        assert session.run("x").text == "1"
        session.restart()
        assert session.run("1 + 1").text == "2"
