"""Floods and forged messages that code sends to the agent and to its own kernel.

A kernel is the code's own, key and sockets included. So forged messages can confuse the
execution that forges them, and nothing else.
"""

import pytest

from tests.support.exhaustion import Attack
from tests.support.forged_messages import FORGE, IDLE, REPLY

CONNECTED = (
    FORGE
    + """
def connected():
    "The kernel's ends of the agent's connections."
    found = []
    for name in os.listdir('/proc/self/fd'):
        try:
            one = socket.socket(fileno=os.dup(int(name)))
            if one.family == socket.AF_UNIX and one.getpeername() is not None: found.append(one)
        except OSError: pass
    return found

def sockets():
    folder = '/run/kernel'
    return [os.path.join(folder, name) for name in os.listdir(folder)]
"""
)
HUGE = "b'\\x02' + (2**32).to_bytes(8, 'big')"
"""The head of a ZeroMQ frame of 4 GiB. Source: ZMTP 3.1, "Framing"."""

SENT = {
    "a message of 4 GB to the agent, in the kernel's place": (
        f"for one in connected():\n"
        f"    one.setblocking(False)\n"
        f"    try:\n"
        f"        one.send({HUGE})\n"
        f"        while True: one.send(bytes(2**20))\n"
        f"    except OSError: pass"
    ),
    "a message of 4 GB to the kernel": (
        f"for path in sockets():\n"
        f"    one = socket.socket(socket.AF_UNIX); one.connect(path)\n"
        f"    greeting = b'\\xff' + bytes(8) + b'\\x7f\\x03\\x00NULL' + bytes(48)\n"
        f"    try:\n"
        f"        one.settimeout(0.2)\n"
        f"        one.sendall(greeting)\n"
        f"        one.sendall(b'\\x04\\x29\\x05READY\\x0bSocket-Type\\x00\\x00\\x00\\x06DEALER'\n"
        f"                    b'\\x08Identity' + bytes(4))\n"
        f"        one.sendall({HUGE})\n"
        f"        for _ in range(100): one.sendall(bytes(2**20))\n"
        f"    except OSError: pass"
    ),
    "many connections to the kernel": (
        "opened = []\n"
        "def step():\n"
        "    opened.append(socket.socket(socket.AF_UNIX)); opened[-1].setblocking(False)\n"
        "    opened[-1].connect(sockets()[len(opened) % len(sockets())])\n"
        "until_error(step)\n"
        "for one in opened: one.close()"
    ),
    "a message in a million parts": (
        "import zmq\n"
        "session.send(iopub, 'stream', {'name': 'stdout', 'text': 'x'}, parent=parent,\n"
        "             ident=[b'x'] * 10**5)"
    ),
    "a million outputs": (
        "for _ in range(20_000): say('stream', {'name': 'stdout', 'text': 'x' * 50})"
    ),
    "messages that are not JSON": (
        "for _ in range(1000):\n"
        "    iopub.send_multipart([b'x', b'<IDS|MSG>', b'wrong', b'{', b'[', b'\\xff', b'{}'])"
    ),
    "wrong signatures": (
        "from jupyter_client.session import Session\n"
        "other = Session(key=b'wrong')\n"
        "for kind in ('status', 'stream', 'error', 'execute_result'):\n"
        "    say(kind, {'execution_state': 'idle', 'name': 'stdout', 'text': 'FORGED'},\n"
        "        session=other)"
    ),
    "contents of the wrong kind": (
        "for content in ({}, [], 'x', None, 5, {'data': 5}, {'text': {}}, {'name': []}):\n"
        "    for kind in ('stream', 'display_data', 'execute_result', 'error', 'clear_output',\n"
        "                 'update_display_data', 'status', 'execute_input', 'comm_msg', ''):\n"
        "        say(kind, content)"
    ),
    "outputs of other executions": (
        "for name in ('', 'x', 'call_other'):\n"
        "    say('stream', {'name': 'stdout', 'text': 'FORGED'},\n"
        "        parent={'header': {'msg_id': name}})"
    ),
    "a display with a million types": (
        "say('display_data', {'data': {f'text/{n}': '' for n in range(10**5)}, 'metadata': {}})"
    ),
    "a display with metadata of 30 MB": (
        "say('display_data', {'data': {'text/plain': 'x'}, 'metadata': {'x': [[]] * 10**7}})"
    ),
    "an exception of a million lines": (
        "say('error', {'ename': 'E', 'evalue': '', 'traceback': [''] * 10**6})"
    ),
}


@pytest.mark.parametrize("code", SENT.values(), ids=SENT)
async def test_messages_from_code_harm_no_other_execution(attack: Attack, code: str) -> None:
    """The code may lose its own execution, which must end in any state."""
    result = await attack.run(CONNECTED + code, seconds=4)
    assert "FORGED" not in result.stdout
    assert (await attack.attacker.refresh()).state.name == "READY"


async def test_a_forged_end_ends_only_the_codes_own_execution(attack: Attack) -> None:
    await attack.run(f"{FORGE}{IDLE}{REPLY}time.sleep(0.5); print('later')")
    result = await attack.attacker.run("'mine'")
    assert result.text == "'mine'"
    assert "later" not in result.stdout


async def test_the_agents_socket_can_not_be_reached(attack: Attack) -> None:
    result = await attack.run(
        "for _ in range(1000):\n"
        "    try: socket.socket(socket.AF_UNIX).connect('/run/cellblock/agent.sock')\n"
        "    except PermissionError: continue\n"
        "    print('CONNECTED')\n"
        "'tried'"
    )
    assert (result.stdout, result.text) == ("", "'tried'")


async def test_a_kernel_that_dies_again_and_again(attack: Attack) -> None:
    for number in range(8):
        result = await attack.run("os._exit(3)")
        assert result.failure is not None
        assert "exit code 3" in result.failure.message, number
    for _ in range(8):
        await attack.attacker.restart()
        await attack.check_neighbour()
