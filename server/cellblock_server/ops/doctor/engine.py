"""Checks of the engine: whether it responds, and has what sandboxes need."""

import os
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiodocker
import aiohttp
from aiodocker.exceptions import DockerError

from cellblock_server.config import Settings
from cellblock_server.ops.doctor.finding import Finding, Findings, ok, problem, warning
from cellblock_server.ops.doctor.host import disk_findings
from cellblock_server.ops.doctor.landlock import landlock_abi, landlock_finding
from cellblock_server.telemetry.metrics import version
from cellblock_server.upstream.docker_engine import fetch_engine_version

ANSWER = aiohttp.ClientTimeout(total=10, sock_connect=5)
LEAST_API = (1, 41)
"""Minimum API version, of engine 20.10; earlier ones lack features that we need."""
MAX_SKEW_SECONDS = 2.0
DEFAULT_SOCKET = "unix:///var/run/docker.sock"
WORLD_WRITABLE = 0o002
VERSION_LABEL = "org.opencontainers.image.version"
LIMITS = {
    "MemoryLimit": "memory",
    "SwapLimit": "memory without swap",
    "CpuCfsQuota": "CPU time",
    "PidsLimit": "processes",
}
"""Fields of `GET /info` for the limits that the kernel and the engine can enforce."""
NO_NETWORK = re.compile(r"(^| )--?network[= ]none( |$)")
"""Argument of gVisor for a loopback interface of its own."""
BUILD = "build it with `make images`, or set sandbox.image"


async def engine_findings(settings: Settings) -> AsyncIterator[Finding]:
    """Check everything about the engine."""
    address = os.environ.get("DOCKER_HOST") or DEFAULT_SOCKET
    for finding in _socket(address):
        yield finding
    async with aiodocker.Docker(address, timeout=ANSWER) as docker:
        try:
            said = await fetch_engine_version(docker)
            info = await docker.system.info()
        except (aiohttp.ClientError, TimeoutError, OSError, DockerError) as error:
            yield problem(
                "engine",
                f"{address} does not answer: {error}",
                "start the engine, let this user use its socket, or set DOCKER_HOST",
            )
            return
        yield _version(address, said)
        for found in (
            limit_findings(info),
            security_findings(settings, info),
            runtime_findings(settings, info),
        ):
            for finding in found:
                yield finding
        yield landlock_finding(info, landlock_abi())
        yield _clock(info)
        yield _restarts(info)
        if (root := Path(str(info.get("DockerRootDir")))).exists():
            for finding in disk_findings("engine disk", root):
                yield finding
        for image in dict.fromkeys([settings.sandbox.image, *settings.sandbox.allowed_images]):
            yield await _image(docker, image)


def _socket(address: str) -> Findings:
    path = Path(address.removeprefix("unix://"))
    if not address.startswith("unix://"):
        yield warning(
            "engine socket",
            f"{address} is no Unix socket, and sandboxes' folders must be on the engine's host",
            "run the server beside its engine",
        )
    elif not path.exists():
        yield problem("engine socket", f"{path} does not exist", "start the engine")
    elif path.stat().st_mode & WORLD_WRITABLE:
        yield problem(
            "engine socket",
            f"{path} can be used by everybody, and who uses it is root of this host",
            f"chmod o-rwx {path}",
        )
    elif not os.access(path, os.R_OK | os.W_OK):
        yield problem(
            "engine socket",
            f"this user may not use {path}",
            "run the server as a member of the socket's group, or use the engine proxy",
        )
    else:
        yield ok("engine socket", f"{path} can be used by this user, and not by everybody")


def _version(address: str, said: dict[str, Any]) -> Finding:
    words = f"{said['Version']} (API {said['ApiVersion']}) answers at {address}"
    if tuple(map(int, str(said["ApiVersion"]).split("."))) < LEAST_API:
        return problem("engine", words, "use Docker 20.10 or later")
    return ok("engine", words)


def limit_findings(info: Mapping[str, Any]) -> Findings:
    """Check which limits the engine can enforce, by its `GET /info`."""
    driver = f"cgroup version {info.get('CgroupVersion')}, driver {info.get('CgroupDriver')}"
    missing = [words for name, words in LIMITS.items() if not info.get(name)]
    if info.get("CgroupDriver") == "none" or missing:
        yield problem(
            "limits",
            f"the engine can't limit {', '.join(missing) or 'anything'} ({driver})",
            "use a host with control groups; a rootless engine needs version 2 and delegation",
        )
    else:
        yield ok("limits", f"{', '.join(LIMITS.values())} can be limited ({driver})")


def security_findings(settings: Settings, info: Mapping[str, Any]) -> Findings:
    """Check which security modules of the kernel the engine can use, by its `GET /info`."""
    options = [str(option) for option in info.get("SecurityOptions") or []]
    if not any("name=seccomp" in option for option in options):
        yield problem("seccomp", "the engine has no seccomp", "use a kernel and engine with it")
    else:
        yield ok("seccomp", f"the engine has it; profile {settings.sandbox.seccomp!r}")
    has_apparmor = any("name=apparmor" in option for option in options)
    if settings.sandbox.apparmor and not has_apparmor:
        yield problem(
            "apparmor",
            f"sandbox.apparmor is {settings.sandbox.apparmor!r}, and the engine has no AppArmor",
            "unset it, or use a host with AppArmor",
        )
    elif has_apparmor:
        yield ok("apparmor", settings.sandbox.apparmor or "docker-default")
    else:
        yield ok("apparmor", "AppArmor not available (optional)")


def runtime_findings(settings: Settings, info: Mapping[str, Any]) -> Findings:
    """Return findings about the OCI runtimes that sandboxes may use."""
    known = info.get("Runtimes") or {}
    sandbox = settings.sandbox
    wanted = [name for name in (sandbox.runtime, *sandbox.allowed_runtimes) if name]
    missing = sorted({name for name in wanted if name not in known})
    if missing:
        yield problem(
            "runtime",
            f"the engine has no runtime {', '.join(missing)}; it has {', '.join(sorted(known))}",
            "add it to the engine's daemon.json and reload the engine (docs/security/gvisor.md)",
        )
    else:
        yield ok("runtime", ", ".join(dict.fromkeys(wanted)) or f"{info.get('DefaultRuntime')}")
    used = [sandbox.runtime or str(info.get("DefaultRuntime")), *sandbox.allowed_runtimes]
    for name in dict.fromkeys(used):
        if _lacks_loopback(known.get(name) or {}):
            yield warning(
                "runtime loopback",
                f"sandboxes of runtime {name} have no loopback interface, and code in them can't "
                "reach 127.0.0.1",
                "add --network=none to its runtimeArgs in the engine's daemon.json and reload the "
                "engine (docs/security/gvisor.md)",
            )


def _lacks_loopback(runtime: Mapping[str, Any]) -> bool:
    """Return whether a runtime is gVisor and copies a network namespace whose loopback is down.

    Of a runtime that is configured by a file of its own, the engine does not report the arguments.
    """
    arguments = " ".join(runtime.get("runtimeArgs") or [])
    return Path(str(runtime.get("path"))).name == "runsc" and not NO_NETWORK.search(arguments)


def _clock(info: Mapping[str, Any]) -> Finding:
    # Nanoseconds: more digits than Python reads.
    whole = re.sub(r"\.\d+", "", str(info["SystemTime"]))
    skew = abs((datetime.now(UTC) - datetime.fromisoformat(whole)).total_seconds())
    if skew > MAX_SKEW_SECONDS:
        return warning(
            "engine clock", f"it is {skew:.1f} s from this machine's", "synchronize both (NTP)"
        )
    return ok("engine clock", f"it is this machine's, within {MAX_SKEW_SECONDS:g} s")


def _restarts(info: Mapping[str, Any]) -> Finding:
    if info.get("LiveRestoreEnabled"):
        return ok("live restore", "sessions survive a restart of the engine")
    return warning(
        "live restore",
        "all sessions end when the engine restarts, upgrades included",
        'set "live-restore": true in the engine\'s daemon.json',
    )


async def _image(docker: aiodocker.Docker, name: str) -> Finding:
    try:
        details = await docker.images.inspect(name)
    except DockerError as error:
        if error.status == 404:
            return problem("image", f"{name} is not on the engine", BUILD)
        if error.status == 403:
            return warning(
                "image", f"the engine proxy shows no images, {name} included", "create a session"
            )
        return problem("image", f"{name}: {error.message}", BUILD)
    labels: dict[str, str] = details["Config"].get("Labels") or {}
    made = labels.get(VERSION_LABEL, "")
    if made != version():
        of = f"of release {made}" if made else "without a label of a release"
        return warning(
            "image", f"{name} is {of}; this server is {version()}", "rebuild it: `make images`"
        )
    return ok("image", f"{name} is of this release")
