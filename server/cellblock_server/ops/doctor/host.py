"""Checks of this machine: disk space, file descriptors, and needs of the configuration."""

import os
import resource
import shutil
from pathlib import Path

from cellblock_server.backends.docker.seccomp import SeccompProfileError, load_profile
from cellblock_server.config import Settings
from cellblock_server.egress.proxy import squid
from cellblock_server.ops.doctor.finding import Findings, ok, problem, warning

LOW_SHARE, LEAST_SHARE = 0.10, 0.02
"""Shares of free disk space below which a warning or a problem is reported."""
GIB = 2**30
FILES_OF_A_SESSION, OTHER_FILES = 2, 64
"""File descriptors that the server needs, for each session and otherwise."""


def host_findings(settings: Settings) -> Findings:
    """Check everything about this machine."""
    yield from _descriptors(settings)
    yield from _memory(settings)
    yield from _profile(settings)
    yield from _egress(settings)


def disk_findings(check: str, path: Path, least_bytes: int = 0) -> Findings:
    """Check the free space of a disk, of which `least_bytes` must be free."""
    disk = shutil.disk_usage(path)
    inodes = os.statvfs(path)
    words = f"{path} has {disk.free / GIB:.1f} of {disk.total / GIB:.1f} GiB free"
    few_files = inodes.f_files and inodes.f_favail < LEAST_SHARE * inodes.f_files
    if disk.free < max(least_bytes, LEAST_SHARE * disk.total):
        yield problem(check, words, "free some space: nothing can be stored before long")
    elif few_files:
        yield problem(check, f"{path} has {inodes.f_favail} inodes left", "remove small files")
    elif disk.free < max(2 * least_bytes, LOW_SHARE * disk.total):
        yield warning(check, words, "free some space, or shorten retention")
    else:
        yield ok(check, words)


def _descriptors(settings: Settings) -> Findings:
    needed = FILES_OF_A_SESSION * settings.sessions.max_sessions + OTHER_FILES
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        yield warning(
            "descriptors",
            f"{soft} may be open; sessions.max_sessions needs {needed}",
            f"ulimit -n {needed}, or LimitNOFILE of the unit",
        )
    else:
        yield ok("descriptors", f"{soft} may be open; {needed} are needed")


def _memory(settings: Settings) -> Findings:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    most, pool = int(settings.limits.memory_bytes.max), int(settings.pool.memory_bytes)
    words = f"{total / GIB:.1f} GiB"
    if most > total:
        yield warning(
            "memory",
            f"{words}; limits.memory_bytes.max lets one session have {most / GIB:.1f}",
            "lower it: a session could take all that there is",
        )
    elif pool > total / 2:
        yield warning(
            "memory", f"{words}; pool.memory_bytes is {pool / GIB:.1f}", "lower pool.memory_bytes"
        )
    else:
        yield ok("memory", words)


def _profile(settings: Settings) -> Findings:
    try:
        load_profile(settings.sandbox.seccomp)
    except SeccompProfileError as error:
        yield problem("seccomp profile", str(error), "fix the file, or unset sandbox.seccomp")


def _egress(settings: Settings) -> Findings:
    if not settings.sandbox.may_have_egress:
        yield ok("egress", "no session has egress")
        return
    program = squid()
    if program is None:
        yield problem(
            "egress", "sandbox.network needs squid, which is not installed", "install squid"
        )
    elif not settings.egress.allow:
        yield warning("egress", "egress.allow is empty: nothing can be reached", "name hosts in it")
    else:
        yield ok("egress", f"{program}; {len(settings.egress.allow)} rules")
