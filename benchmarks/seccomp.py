"""Measures our seccomp profile, against the engine's default and against none.

python -m benchmarks.seccomp
"""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.report import Row, print_header, print_table
from benchmarks.timing import repeat
from cellblock_client import Client
from cellblock_client.client import Session
from cellblock_client.embedded import embedded_server

VARIABLE = "CELLBLOCK_SANDBOX__SECCOMP"
ROUNDS = 20
"""Rounds, of which the minimum is used: other load makes a round longer, never shorter."""
CALLS = 20
"""Executions of `1+1` in a round."""
LOOPS = {
    "os.getppid(), µs": ("os.getppid()", 50_000),
    "open, read, close, µs": (
        "f = os.open('/dev/zero', 0); os.read(f, 1); os.close(f)",
        5_000,
    ),
    "socketpair and its end, µs": ("a, b = socket.socketpair(); a.close(); b.close()", 2_000),
    "a thread, µs": ("t = threading.Thread(target=int); t.start(); t.join()", 200),
    "a program, µs": ("subprocess.run(['/bin/true'])", 10),
}
"""Code, and its number of repetitions in a round."""


def main() -> None:
    """Measure and print: the three profiles take turns in each round."""
    print_header("benchmarks.seccomp")
    with ExitStack() as stack:
        allow = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "none.json"
        allow.write_text('{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []}')
        settings = {"none": str(allow), "the engine's": "engine", "ours": "cellblock"}
        sessions = {name: new_session(stack, value) for name, value in settings.items()}
        seen: dict[str, dict[str, list[float]]] = {}
        for _round in range(ROUNDS):
            for name, session in sessions.items():
                for what, value in measured(session).items():
                    seen.setdefault(what, {}).setdefault(name, []).append(value)
    rows: list[Row] = [("least of all rounds", *settings, "ours of the engine's")]
    for what, by_name in seen.items():
        least = {name: min(values) for name, values in by_name.items()}
        ratio = least["ours"] / least["the engine's"]
        rows.append((what, *(f"{least[name]:.2f}" for name in settings), f"{ratio:.2f}"))
    print_table(f"{ROUNDS} rounds", rows)


def new_session(stack: ExitStack, setting: str) -> Session:
    """Create a session on a server of its own with this profile."""
    os.environ[VARIABLE] = setting
    address = stack.enter_context(embedded_server("docker"))
    del os.environ[VARIABLE]
    client = stack.enter_context(Client(address))
    session = stack.enter_context(client.sessions.create())
    session.run("import os, socket, subprocess, threading, time")
    return session


def measured(session: Session) -> dict[str, float]:
    """Measure one round."""
    found = {}
    for what, (code, times) in LOOPS.items():
        loop = f"for _ in range({times}): {code}"
        result = session.run(
            f"began = time.perf_counter()\n{loop}\nprint(time.perf_counter() - began)"
        )
        found[what] = float(result.stdout) / times * 1e6
    found["`1+1`, ms"] = repeat(CALLS, lambda: session.run("1+1")).median * 1000
    return found


if __name__ == "__main__":
    main()
