"""One of several servers started on one state folder owns it; the others report so and exit."""

import subprocess
from contextlib import ExitStack
from pathlib import Path

from cellblock_client import Client
from cellblock_client.embedded import SERVER

SERVERS = 4


def test_one_server_serves_and_the_others_refuse_to_start(tmp_path: Path) -> None:
    state = tmp_path / "state"
    command = [*SERVER, "--listen=127.0.0.1:0", f"--state-dir={state}", "--backend=local"]
    with ExitStack() as stack:
        servers = [
            stack.enter_context(
                subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            )
            for _ in range(SERVERS)
        ]
        for server in servers:
            stack.callback(server.terminate)
        said = [server.stdout.readline() for server in servers if server.stdout]
        (address,) = [line.split()[1] for line in said if line]
        for server, line in zip(servers, said, strict=True):
            if not line:
                _, error = server.communicate(timeout=30)
                assert server.returncode == 1
                assert f"another server uses {state}" in error
                assert "Traceback" not in error
        with Client(address) as client, client.sessions.create() as session:
            assert session.run("1").text == "1"
