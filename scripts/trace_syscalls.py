"""Trace a sandbox's system calls, from which the seccomp profile was derived.

sudo .venv/bin/python scripts/trace_syscalls.py

Runs `traced_workload.py` in a session of the full image, without any filter but from the first
instruction of the agent under strace, and writes what was seen to
tests/conformance/traced_syscalls.json. Calls whose arguments the profile looks at are
written with them. Needs root, strace (Debian's package) and the engine on this machine.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from traced_workload import TIME_LIMITS, WORKLOAD

from cellblock_client import Client, Limits
from cellblock_client.embedded import embedded_server

TARGET = Path(__file__).resolve().parent.parent / "tests" / "conformance" / "traced_syscalls.json"
IMAGE = "cellblock-sandbox:0.1.0"
TRACED = "cellblock-sandbox:traced"
# The tracer of this machine attaches while the container's first process waits.
DOCKERFILE = f"""
FROM {IMAGE}
ENTRYPOINT ["/bin/bash", "-c", "mkfifo /run/cellblock/go; read < /run/cellblock/go; \
rm /run/cellblock/go; exec /opt/cellblock/venv/bin/python -I -m cellblock_agent $0 $@"]
"""
CALL = re.compile(r"^\d+ +(?:\[[^]]*\] +)?(\w+)\((.*)")
WITH_ARGUMENTS = {
    "personality": 1,
    "prctl": 1,
    "prlimit64": 3,
    "sched_setattr": 1,
    "sched_setparam": 1,
    "sched_setscheduler": 2,
    "setpriority": 2,
    "socket": 3,
    "socketpair": 1,
}
"""Number of arguments to record, by system call."""
VARYING = re.compile(r"\b[1-9]\d+\b.*|\{.*")
"""Process ids and pointers' targets, which vary between runs."""
TIME_LIMIT = 600.0
POLL_SECONDS = 0.05


def main() -> None:
    """Trace, and write the recorded calls."""
    seen: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        allow = folder / "allow.json"
        allow.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []}))
        _docker("build", "--quiet", "--tag", TRACED, "-", stdin=DOCKERFILE)
        os.environ.update(
            CELLBLOCK_SANDBOX__SECCOMP=str(allow),
            CELLBLOCK_SANDBOX__IMAGE=TRACED,
            CELLBLOCK_SANDBOX__START_TIMEOUT="600",
        )
        try:
            with embedded_server("docker", state_dir=folder / "state") as address:
                _run_workload(address, folder)
        finally:
            _docker("rmi", "--force", TRACED)
        for line in (folder / "trace").open(errors="replace"):
            if found := CALL.match(line):
                call = _described(found[1], found[2])
                seen[call] = seen.get(call, 0) + 1
    TARGET.write_text(json.dumps(dict(sorted(seen.items())), indent=1) + "\n")
    print(f"{len(seen)} calls: {TARGET}")


def _run_workload(address: str, folder: Path) -> None:
    with _traced_from_the_start(folder), Client(address) as client:
        session = client.sessions.create(limits=Limits(cpus=2, memory_bytes=4 * 2**30))
        with session:
            for name, code in WORKLOAD.items():
                result = session.run(code, time_limit=TIME_LIMITS.get(name, TIME_LIMIT))
                end = result.error or result.failure
                words = "done" if end is None else f"{type(end).__name__}"
                print(f"{name}: {words}", flush=True)
            archive = client.files.upload(_archive(), "archive.zip")
            session.attach(archive, unpack=True)
            session.restart()


@contextmanager
def _traced_from_the_start(folder: Path) -> Iterator[None]:
    """Trace all processes of the next container of this server."""
    tracers: list[subprocess.Popen[bytes]] = []

    def attach() -> None:
        label = f"label=dev.cellblock.instance={(folder / 'state' / 'instance').read_text()}"
        events = ["events", "--filter", label, "--filter", "event=start", "--since", "0"]
        with subprocess.Popen(
            ["docker", *events, "--format", "{{.ID}}"], stdout=subprocess.PIPE, text=True
        ) as watch:
            container = (watch.stdout or sys.stdin).readline().strip()
            watch.terminate()
        pid = _docker("inspect", "--format", "{{.State.Pid}}", container)
        tracer = subprocess.Popen(
            ["strace", "-f", "-qqq", "-s0", "-esignal=none", "-o", folder / "trace", "-p", pid],
            stderr=subprocess.PIPE,
        )
        tracers.append(tracer)
        status = Path(f"/proc/{pid}/status")
        go: list[Path] = []
        while not go or "TracerPid:\t0\n" in status.read_text():
            if tracer.poll() is not None:
                raise RuntimeError("strace can't attach: are you root?")
            go = list((folder / "state" / "run").glob("*/agent/go"))
            time.sleep(POLL_SECONDS)
        go[0].write_text("\n")

    thread = threading.Thread(target=attach)
    thread.start()
    yield
    thread.join()
    for tracer in tracers:
        tracer.communicate()


def _described(call: str, arguments: str) -> str:
    wanted = WITH_ARGUMENTS.get(call)
    if wanted is None:
        return call
    given = re.sub(r"\) += .*| <unfinished.*", "", arguments).split(",")
    first = (VARYING.sub("…", part.strip()) for part in given[:wanted])
    return f"{call}({', '.join(first)})"


def _archive() -> Path:
    path = Path(tempfile.gettempdir()) / f"traced-{os.getpid()}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("folder/file", "x" * 1000)
    return path


def _docker(*arguments: str, stdin: str = "") -> str:
    done = subprocess.run(
        ["docker", *arguments], check=True, input=stdin, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.strip()


if __name__ == "__main__":
    main()
