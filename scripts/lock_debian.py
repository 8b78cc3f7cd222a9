"""Write sandbox_image/debian.txt: the packages of debian.in, each with version and SHA-256.

    python scripts/lock_debian.py

Asks the base image's own apt, whose signatures it checks. Needs a Docker engine.
"""

import subprocess
import tempfile
from pathlib import Path

from builder import SOURCES, add_certificates, choose_base

HEAD = """\
# Made by `make lock` from debian.in, for amd64: package, version, SHA-256.
"""
SHOW = """\
set -eu
options=
if [ -s /ca/ca.crt ]; then options="-o Acquire::https::CaInfo=/ca/ca.crt"; fi
apt-get $options -qq update
for name; do
    apt-cache show --no-all-versions "$name" |
        awk '/^Package:/ {n=$2} /^Version:/ {v=$2} /^SHA256:/ {s=$2} END {print n, v, s}'
done
"""


def main() -> None:
    """Write the file."""
    lines = (SOURCES / "debian.in").read_text().splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    with tempfile.TemporaryDirectory() as folder:
        add_certificates(Path(folder))
        done = subprocess.run(
            ["docker", "run", "--rm", "--network=host", f"--volume={folder}:/ca:ro",
             choose_base(), "sh", "-c", SHOW, "sh", *names],
            check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    locked = done.stdout.splitlines()
    if [line.split()[0] for line in locked] != names or any(
        len(line.split()) != 3 for line in locked
    ):
        raise SystemExit(f"apt did not tell a version and a hash of each package:\n{done.stdout}")
    (SOURCES / "debian.txt").write_text(HEAD + done.stdout)


if __name__ == "__main__":
    main()
