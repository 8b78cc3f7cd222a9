"""Running a program of the corpus, and comparing what it shows with what it must show."""

from collections.abc import Iterator

from cellblock_client import Client, ExecutionResult
from tests.corpus.program import Expectation, Program

DATA = "/mnt/data/"


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
    files = sorted({file.path.removeprefix(DATA) for file in result.files})
    deleted = sorted(path.removeprefix(DATA) for path in result.deleted_paths)
    for name, wanted, found in (
        ("status", expected.status, result.status.name),
        ("cause", expected.cause, failure.cause.name if failure else None),
        ("error", expected.error, error.name if error else None),
        ("images", expected.images, len(result.images)),
        ("files", expected.files, files),
        ("deleted", expected.deleted, deleted),
    ):
        if wanted != found:
            reason = f": {error.value}" if name == "error" and error else ""
            yield f"{name} is {found!r}{reason}, expected {wanted!r}"
    if expected.displays is not None and expected.displays != len(result.displays):
        yield f"displays is {len(result.displays)}, expected {expected.displays}"
    for name, exact, parts, text in (
        ("stdout", expected.stdout, expected.stdout_contains, result.stdout),
        ("stderr", expected.stderr, expected.stderr_contains, result.stderr),
        ("text", expected.text, expected.text_contains, result.text),
        ("traceback", None, expected.error_contains, traceback),
    ):
        if exact is not None and exact != text:
            yield f"{name} is {text[:500]!r}, expected {exact!r}"
        for part in parts:
            if part not in text:
                yield f"{name} has no {part!r}: {text[:500]!r}"
    if expected.stderr is None and len(lines := result.stderr.splitlines()) > expected.stderr_lines:
        yield f"stderr has {len(lines)} lines, at most {expected.stderr_lines}: {lines[:5]}"
