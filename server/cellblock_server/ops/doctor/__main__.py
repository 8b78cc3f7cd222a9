"""Checks whether a server can run here: `cellblock doctor` runs it and shows the findings.

It reads the configuration as the server does, and changes nothing (in a bucket it writes an object
and deletes it again). A finding a line, as JSON.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict

from cellblock_server.config import (
    Configuration,
    ConfigurationError,
    Settings,
    read_configuration,
)
from cellblock_server.config.arguments import add_options, given
from cellblock_server.ops.doctor.access import access_findings
from cellblock_server.ops.doctor.blobs import blob_findings
from cellblock_server.ops.doctor.engine import engine_findings
from cellblock_server.ops.doctor.finding import Finding, Findings, ok, problem, warning
from cellblock_server.ops.doctor.host import host_findings
from cellblock_server.ops.doctor.state import state_findings

LOOKS: tuple[tuple[str, Callable[[Settings], Findings]], ...] = (
    ("host", host_findings),
    ("state", state_findings),
    ("blob store", blob_findings),
    ("access", access_findings),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all checks; return 0 even with findings, which are for the reader to judge."""
    parser = argparse.ArgumentParser(prog="python -m cellblock_server.ops.doctor")
    add_options(parser)
    options = parser.parse_args(arguments)
    try:
        configuration = read_configuration(options.config, given(options))
    except ConfigurationError as error:
        for line in str(error).splitlines():
            _print_finding(
                problem("configuration", line, "fix it: docs/reference/configuration.md")
            )
        return 0
    for finding in configuration_findings(configuration):
        _print_finding(finding)
    asyncio.run(_run_checks(configuration.settings))
    return 0


def configuration_findings(configuration: Configuration) -> Findings:
    """Check for former keys, and for what the chosen profile expects."""
    settings = configuration.settings
    yield ok("configuration", f"it can be read; profile {settings.profile!r}")
    for words in configuration.warnings():
        yield warning("configuration", words, "see docs/reference/configuration.md")
    if settings.profile != "server":
        return
    if not settings.auth.required:
        yield warning("profile", "'server', and auth.required is false", "set it to true")
    if not settings.server.tls_certificate and not settings.server.listen.startswith("unix:"):
        yield warning(
            "profile",
            "'server', and TLS is off",
            "set server.tls_certificate and server.tls_key, unless a proxy here does TLS",
        )


async def _run_checks(settings: Settings) -> None:
    if settings.sandbox.backend == "docker":
        try:
            async for finding in engine_findings(settings):
                _print_finding(finding)
        except Exception as error:  # noqa: BLE001 - reported as a finding; other checks continue
            _print_finding(_failed("engine", error))
    for name, look in LOOKS:
        try:
            for finding in look(settings):
                _print_finding(finding)
        except Exception as error:  # noqa: BLE001 - as above
            _print_finding(_failed(name, error))


def _failed(name: str, error: Exception) -> Finding:
    words = f"the check failed: {type(error).__name__}: {error}"
    return problem(name, words, "check it by hand; it may be an error in this check")


def _print_finding(finding: Finding) -> None:
    line = {**asdict(finding), "level": finding.level.value}
    print(json.dumps(line), flush=True)  # noqa: T201 - the purpose of this program


if __name__ == "__main__":
    sys.exit(main())
