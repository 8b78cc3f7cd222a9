"""Measures uploads and downloads, against `cp` and `docker cp` of the same files.

python -m benchmarks.files
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.report import Row, print_header, print_table
from benchmarks.service import Service, docker, service
from benchmarks.timing import Samples, repeat
from cellblock_client import Limits
from cellblock_client.client import Session
from cellblock_client.events import Completed, Stdout
from cellblock_client.types import File

KIB, MIB, GIB = 2**10, 2**20, 2**30
SIZES = {"1 KB": (KIB, 20), "1 MB": (MIB, 20), "100 MB": (100 * MIB, 5), "512 MB": (512 * MIB, 3)}
"""Sizes, with the number of rounds for each."""
INSIDE = "/root/file"
"""Path in the baseline's container: in its layer, which is on the host's disk."""


@dataclass
class Measured:
    """Times of one size: ours, and the baselines'."""

    ours: dict[str, Samples] = field(default_factory=dict)
    baselines: dict[str, Samples] = field(default_factory=dict)


def main() -> None:
    """Measure and print."""
    print_header("benchmarks.files")
    rows: list[Row] = [("what", "size", "of cp", "of cp, synced", "of docker cp", "ms")]
    with (
        tempfile.TemporaryDirectory(prefix="cellblock-bench-") as folder,
        service() as own,
        own.client.sessions.create(
            limits=Limits(memory_bytes=4 * GIB, data_bytes=2 * GIB, tmp_bytes=GIB)
        ) as session,
        _container(session.info.image) as container,
    ):
        for name, (size, rounds) in SIZES.items():
            source = Path(folder) / "source"
            source.write_bytes(os.urandom(size))
            measured = _measure(own, session, container, source, rounds)
            rows += _rows(name, measured)
    print_table("Files in and out", rows)


def _measure(own: Service, session: Session, container: str, source: Path, rounds: int) -> Measured:
    target = source.with_name("target")
    inside = f"{container}:{INSIDE}"
    measured = Measured()
    baselines: dict[str, Callable[[], object]] = {
        "cp": lambda: _run(["cp", source, target]),
        "cp, synced": lambda: _run(["cp", source, target], ["sync", target]),
        "docker cp in": lambda: _run(["docker", "cp", "--quiet", source, inside]),
        "docker cp out": lambda: _run(["docker", "cp", "--quiet", inside, target]),
    }
    for name, action in baselines.items():
        measured.baselines[name] = repeat(rounds, action)
    files: list[File] = []

    def upload() -> None:
        files.append(own.client.files.upload(source))

    measured.ours["upload"] = repeat(rounds, upload)
    measured.ours["attach"] = Samples([_attach(session, files[0]) for _round in range(rounds)])
    measured.ours["capture"] = Samples(
        [_capture(own, session, source.stat().st_size) for _round in range(rounds)]
    )
    measured.ours["download"] = repeat(
        rounds, lambda: own.client.files.download(files[0].id, target)
    )
    for file in files:
        own.client.files.delete(file.id)
    return measured


def _attach(session: Session, file: File) -> float:
    began = time.perf_counter()
    session.attach(file)
    seconds = time.perf_counter() - began
    session.detach(file.id)
    return seconds


def _capture(own: Service, session: Session, size: int) -> float:
    """Measure from the code's last output to the end that names the stored file."""
    execution = session.execute(
        f"import os, shutil\n"
        f"with open('made', 'wb') as file:\n"
        f"    for _ in range(max(1, {size} >> 20)): file.write(os.urandom(min({size}, 2**20)))\n"
        f"print('written', flush=True)"
    )
    written = ended = 0.0
    for event in execution:
        match event:
            case Stdout():
                written = time.perf_counter()
            case Completed():
                ended = time.perf_counter()
    (file,) = own.client.files.list(session_id=session.id)
    if file.bytes != size:
        raise RuntimeError(f"{size} bytes should have been captured: {file}")
    own.client.files.delete(file.id)
    session.run("os.unlink('made')")
    return ended - written


def _rows(size: str, measured: Measured) -> Iterator[Row]:
    for name, times in measured.ours.items():
        other = "docker cp out" if name in ("capture", "download") else "docker cp in"
        ratios = [
            f"{times.median / measured.baselines[baseline].median:.2f}"
            for baseline in ("cp", "cp, synced", other)
        ]
        yield (name, size, *ratios, f"{times.median * 1000:.1f}")


@contextmanager
def _container(image: str) -> Iterator[str]:
    """Run an idle container, to copy into and out of."""
    name = docker(
        "run", "--detach", "--rm", "--init", "--user=0", "--network=none",
        "--entrypoint=sleep", image, "infinity",
    )  # fmt: skip
    try:
        yield name
    finally:
        docker("kill", name)


def _run(*commands: list[str | Path]) -> None:
    for command in commands:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
