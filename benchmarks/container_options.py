"""Measures what each option of a sandbox's container costs at its start, one at a time.

python -m benchmarks.container_options

The engine's share alone: the container's program is `/bin/true`, so that no interpreter's start
hides what an option costs.
"""

import asyncio
import copy
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import aiodocker

from benchmarks.report import Row, print_header, print_table
from benchmarks.service import docker
from cellblock_server.backends.docker.options import Profiles, container_options
from cellblock_server.backends.docker.seccomp import OURS, load_profile
from cellblock_server.backends.shared_folder.folder import SandboxFolder
from cellblock_server.config import load
from cellblock_server.sessions.limits import sandbox_spec
from cellblock_server.sessions.request import NewSession

ROUNDS = 30
LIMITS = ("Memory", "MemorySwap", "NanoCpus", "PidsLimit")

Options = dict[str, Any]
Change = Callable[[Options], None]
"""Function that changes the body of the create call."""


def main() -> None:
    """Measure and print: all variants take turns in each round."""
    print_header("benchmarks.container_options")
    ours = options()
    with flattened(ours["Image"]) as flat:
        variants = {name: changed(ours, change) for name, change in changes(flat).items()}
        seen = asyncio.run(measured(variants))
    rows: list[Row] = [("one thing changed", "ms", "vs. ours", "create", "start")]
    whole = {name: [sum(pair) for pair in pairs] for name, pairs in seen.items()}
    for name, pairs in seen.items():
        create, start = (median(times) * 1000 for times in zip(*pairs, strict=True))
        ratio = median(whole[name]) / median(whole["ours"])
        total = f"{median(whole[name]) * 1000:.1f}"
        rows.append((name, total, f"{ratio:.2f}", f"{create:.1f}", f"{start:.1f}"))
    print_table(f"Medians of {ROUNDS} rounds", rows)


def changes(flat_image: str) -> dict[str, Change]:
    """Return, by name, the differences from one of our sandboxes."""

    def host(**values: object) -> Change:
        return lambda body: body["HostConfig"].update(values)

    def without(*names: str) -> Change:
        def change(body: Options) -> None:
            for name in names:
                del body["HostConfig"][name]

        return change

    def plain(body: Options) -> None:
        body["HostConfig"] = {"NetworkMode": "none"}

    return {
        "ours": lambda _body: None,
        "ours, once more": lambda _body: None,
        "nothing but no network": plain,
        "a bridged network": host(NetworkMode="bridge"),
        "an init process": host(Init=True),
        "log driver none": host(LogConfig={"Type": "none"}),
        "log driver json-file": host(LogConfig={"Type": "json-file"}),
        "no cgroup limits": without(*LIMITS),
        "the host's cgroup namespace": host(CgroupnsMode="host"),
        "no seccomp profile": host(SecurityOpt=["no-new-privileges:true", "seccomp=unconfined"]),
        "the engine's seccomp profile": host(SecurityOpt=["no-new-privileges:true"]),
        "the engine's masked paths": without("MaskedPaths"),
        "no tmpfs": without("Tmpfs"),
        "no bind mounts": without("Mounts"),
        "a writable root": without("ReadonlyRootfs"),
        "no ulimits": without("Ulimits"),
        "an image of one layer": lambda body: body.update(Image=flat_image),
    }


def options() -> Options:
    """Return the options of a sandbox with the default settings and the core image."""
    settings = load(None, {})
    wanted = NewSession(image=f"{settings.sandbox.image}-core")
    spec = sandbox_spec(wanted, settings, sandbox_id="")
    profiles = Profiles(load_profile(OURS), apparmor=None)
    return container_options(spec, SandboxFolder(Path()), "bench", [], profiles)


def changed(ours: Options, change: Change) -> Options:
    """Return a changed copy, whose container exits immediately."""
    body = copy.deepcopy(ours)
    change(body)
    return body | {"Entrypoint": ["/bin/true"], "Cmd": []}


@contextmanager
def flattened(image: str) -> Iterator[str]:
    """Create an image with the same files in one layer."""
    name = f"cellblock-bench-flat-{uuid4().hex}"
    docker("create", "--name", name, "--network=none", image)
    try:
        with subprocess.Popen(["docker", "export", name], stdout=subprocess.PIPE) as files:
            load = ["docker", "import", "-", name]
            subprocess.run(load, stdin=files.stdout, stdout=subprocess.DEVNULL, check=True)
    finally:
        docker("rm", name)
    try:
        yield name
    finally:
        docker("rmi", name)


async def measured(variants: dict[str, Options]) -> dict[str, list[tuple[float, float]]]:
    """Return the seconds of the create and of the start call, for each round."""
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
    async with aiodocker.Docker() as engine:
        for _round in range(ROUNDS):
            for name, body in variants.items():
                seen[name].append(await one_start(engine, body))
    return seen


async def one_start(engine: aiodocker.Docker, body: Options) -> tuple[float, float]:
    """Create, start and remove a container."""
    with tempfile.TemporaryDirectory() as path:
        folder = SandboxFolder.create(Path(path), "bench", token="")
        body = copy.deepcopy(body)
        for mount, source in zip(
            body["HostConfig"].get("Mounts", ()), (folder.agent, folder.inputs), strict=False
        ):
            mount["Source"] = str(source)
        began = time.perf_counter()
        container = await engine.containers.create(body)
        created = time.perf_counter()
        try:
            await container.start()
            started = time.perf_counter()
            await container.wait()
        finally:
            await container.delete(force=True)
    return created - began, started - created


if __name__ == "__main__":
    main()
