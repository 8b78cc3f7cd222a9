"""Look up known vulnerabilities of the locked Python packages, and write a report.

    python scripts/audit.py [--osv-url URL] [--output FILE] [LOCK ...]

Without locks: the server's, those of the sandbox images, and development's. The exit code is 0
whatever is found, and also where the service can't be reached: this is a report. What was not
looked up is said to be that, never to be clean. Debian packages are not looked up: give an
image's SBOM to a scanner that knows them.
"""

import argparse
import json
import re
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from image_labels import ROOT

OUTPUT = ROOT / "build" / "audit.json"
LOCKS = (
    ROOT / "requirements" / "server.txt",
    ROOT / "sandbox_image" / "requirements-core.txt",
    ROOT / "sandbox_image" / "requirements-full.txt",
    ROOT / "sandbox_image" / "requirements-newest.txt",
    ROOT / "requirements" / "dev.txt",
)
# Not PyPI's own service: a mirror lacks it, and its "no such page" passes for a clean result.
OSV_URL = "https://api.osv.dev/v1/query"
ANSWER_SECONDS = 10
"""Timeout in seconds for one package."""
ALL_SECONDS = 300
"""Timeout in seconds for all packages."""
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


@dataclass
class Report:
    """Vulnerabilities found, or the reason why nothing was looked up."""

    service: str
    locks: list[str]
    looked_up: int = 0
    not_looked_up: dict[str, str] = field(default_factory=dict)
    """Packages that the service did not know, with its reasons."""
    vulnerabilities: list[dict[str, Any]] = field(default_factory=list)
    failure: str = ""
    """Reason why there are no results at all."""

    def lines(self) -> list[str]:
        """Return the report as text; the first line is the summary."""
        if self.failure:
            return [f"→ audit: NOT DONE, nothing is known: {self.service}: {self.failure}"]
        head = f"→ audit: locked packages looked up: {self.looked_up}, "
        if self.not_looked_up:
            head += f"NOT looked up: {len(self.not_looked_up)}, "
        head += f"known vulnerabilities: {len(self.vulnerabilities) or 'none'}"
        found = [
            f"  {one['package']} {one['version']}: {one['id']}, "
            f"fixed in {', '.join(one['fixed_in']) or 'no version'}; in {', '.join(one['locks'])}"
            for one in self.vulnerabilities
        ]
        return [head, *found, *(f"  {name}: {why}" for name, why in self.not_looked_up.items())]


def audit(locks: list[Path], service: str) -> Report:
    """Ask the service about all locked packages."""
    report = Report(service, [lock.name for lock in locks])
    command = [
        sys.executable, "-m", "pip_audit", "--vulnerability-service=osv", f"--osv-url={service}",
        "--disable-pip", "--progress-spinner=off", "--format=json", f"--timeout={ANSWER_SECONDS}",
        *(f"--requirement={lock}" for lock in locks),
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=ALL_SECONDS
        )
        results = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        report.failure = f"no results within {ALL_SECONDS} s"
        return report
    except ValueError:
        # pip-audit reports this by a traceback only: the last line has the cause.
        report.failure = (done.stderr.strip() or "pip-audit printed nothing").splitlines()[-1]
        return report
    _fill(report, results, _locks_by_package(locks))
    return report


def _fill(
    report: Report, results: list[dict[str, Any]], places: dict[tuple[str, str], list[str]]
) -> None:
    for result in results:
        if "skip_reason" in result:
            report.not_looked_up[result["name"]] = result["skip_reason"]
            continue
        report.looked_up += 1
        for found in result["vulns"]:
            report.vulnerabilities.append(
                {
                    "package": result["name"],
                    "version": result["version"],
                    "id": found["id"],
                    "aliases": found["aliases"],
                    "fixed_in": found["fix_versions"],
                    "locks": places[result["name"], result["version"]],
                    "description": found["description"],
                }
            )


def _locks_by_package(locks: list[Path]) -> dict[tuple[str, str], list[str]]:
    """Return the locks of each version of a package."""
    places: dict[tuple[str, str], list[str]] = {}
    for lock in locks:
        for pinned in PINNED.findall(lock.read_text()):
            places.setdefault(pinned, []).append(lock.name)
    return places


def main() -> None:
    """Write the report, and print its summary."""
    parser = argparse.ArgumentParser(prog="audit.py")
    parser.add_argument("locks", nargs="*", type=Path, metavar="LOCK")
    parser.add_argument("--osv-url", default=OSV_URL, metavar="URL")
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="FILE")
    parsed = parser.parse_args()
    report = audit(parsed.locks or list(LOCKS), parsed.osv_url)
    parsed.output.parent.mkdir(parents=True, exist_ok=True)
    parsed.output.write_text(json.dumps(asdict(report), indent=2) + "\n")
    print("\n".join([*report.lines(), f"  the report: {parsed.output}"]))


if __name__ == "__main__":
    main()
