"""A process that kills each fork server before it is ready ends itself, and not the agent."""

from tests.support.agent import RunningAgent

HUNT = """
import os, signal, subprocess, sys
code = '''
import os, signal, sys, time
agent, spared = int(sys.argv[1]), {os.getpid(), int(sys.argv[2])}
while True:
    for name in os.listdir('/proc'):
        if not name.isdecimal() or int(name) in spared: continue
        try:
            fields = open(f'/proc/{name}/stat').read().rpartition(')')[2].split()
            if fields[0] != 'Z' and int(fields[1]) == agent: os.kill(int(name), signal.SIGKILL)
        except OSError: pass
'''
agent = open(f'/proc/{os.getppid()}/stat').read().rpartition(')')[2].split()[1]
subprocess.Popen([sys.executable, '-c', code, agent, str(os.getpid())], start_new_session=True)
"""


async def test_the_agent_lives_on(agent: RunningAgent) -> None:
    await agent.run(HUNT)
    await agent.connection.restart_kernel("a kernel is wanted")
    assert (await agent.run("1 + 1")).result == "2"
    assert agent.process.poll() is None
