"""Running a program of the corpus, and comparing what it shows with what it must show."""

import json
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cellblock_client import Client, Error, ExecutionResult
from cellblock_client.events import Display, ErrorRaised, Result
from tests.corpus.program import Expectation, Program
from tests.support.server import ServerProcess

DATA = "/mnt/data/"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Outcome:
    """Comparison of a program with its right result, in one image."""

    program: Program
    differences: list[str]
    seconds: float


@contextmanager
def connected_client(image: str, sessions: int) -> Iterator[Client]:
    """Start a server for an image, with sandboxes ready for so many sessions; yields a client."""
    environment = {
        "CELLBLOCK_SANDBOX__IMAGE": image,
        "CELLBLOCK_POOL__SIZE": str(sessions),
        "CELLBLOCK_POOL__MAX_SIZE": str(sessions),
    }
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="cb-"))
        # An embedded server would have no pool.
        server = ServerProcess(Path(folder), environment, own_interpreter=True)
        stack.callback(server.end)
        yield stack.enter_context(Client(server.start()))


def package_versions(client: Client, image: str, packages: Sequence[str]) -> dict[str, str]:
    """Return the versions of packages in an image, and Python's."""
    code = f"""
import json, platform
from importlib.metadata import version
versions = {{name: version(name) for name in {packages!r}}}
print(json.dumps({{"python": platform.python_version(), **versions}}))
"""
    with client.sessions.create(image=image) as session:
        versions: dict[str, str] = json.loads(session.run(code).stdout)
    return versions


def run_programs(
    client: Client, programs: Sequence[Program], image: str, sessions: int
) -> Iterator[Outcome]:
    """Run programs, so many at a time, and yield the outcome of each as it ends."""
    with ThreadPoolExecutor(sessions) as threads:
        running = [threads.submit(run_to_outcome, client, each, image) for each in programs]
        try:
            for future in as_completed(running):
                yield future.result()
        finally:
            # After an interrupt, the remaining programs are not run.
            threads.shutdown(cancel_futures=True)


def run_to_outcome(client: Client, program: Program, image: str) -> Outcome:
    """Run a program; an error of the service is a difference."""
    began = time.monotonic()
    try:
        differences = run_program(client, program, image)
    except Error as error:
        differences = [f"{type(error).__name__}: {error}"]
    return Outcome(program, differences, time.monotonic() - began)


def run_program(client: Client, program: Program, image: str) -> list[str]:
    """Run all cells in a session of their own, and return each difference in one line."""
    setup = program.setup
    with client.sessions.create(
        image=image, files=setup.paths, unpack=setup.unpack, environment=setup.environment
    ) as session:
        return [
            f"cell {number}: {difference}"
            for number, cell in enumerate(program.cells, 1)
            for difference in differences(
                cell.expected, session.run(cell.code, time_limit=setup.time_limit)
            )
        ]


def differences(expected: Expectation, result: ExecutionResult) -> Iterator[str]:
    """Yield what an execution shows that it must not, and the reverse."""
    error, failure = result.error, result.failure
    traceback = "\n".join(error.traceback) if error else ""
    errors = sum(isinstance(event, ErrorRaised) for event in result.events)
    files = sorted({file.path.removeprefix(DATA) for file in result.files})
    deleted = sorted(path.removeprefix(DATA) for path in result.deleted_paths)
    for name, wanted, found in (
        ("status", expected.status, result.status.name),
        ("cause", expected.cause, failure.cause.name if failure else None),
        ("error", expected.error, error.name if error else None),
        ("number of error events", int(error is not None), errors),
        ("images", expected.images, len(result.images)),
        ("files", expected.files, files),
        ("deleted", expected.deleted, deleted),
    ):
        if wanted != found:
            reason = f": {error.value}" if name == "error" and error else ""
            yield f"{name} is {found!r}{reason}, expected {wanted!r}"
    rich = [
        event
        for event in result.events
        if isinstance(event, Display | Result) and event.data.keys() - {"text/plain"}
    ]
    if expected.displays is not None and expected.displays != len(rich):
        yield f"displays is {len(rich)}, expected {expected.displays}"
    for name, exact, parts, text in (
        ("stdout", expected.stdout, expected.stdout_contains, result.stdout),
        ("stderr", expected.stderr, expected.stderr_contains, result.stderr),
        ("text", expected.text, expected.text_contains, result.text),
        ("traceback", None, expected.error_contains, traceback),
    ):
        if exact is not None and exact != text:
            yield f"{name} is {text[:500]!r}, expected {exact!r}"
        plain = COLOUR.sub("", text)
        for part in parts:
            if part not in plain:
                yield f"{name} has no {part!r}: {plain[:500]!r}"
    if expected.stderr is None and len(lines := result.stderr.splitlines()) > expected.stderr_lines:
        yield f"stderr has {len(lines)} lines, at most {expected.stderr_lines}: {lines[:5]}"
