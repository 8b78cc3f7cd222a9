"""Whoever knows one client knows the other: same names, same arguments, same words."""

import inspect

import pytest

from cellblock_client import (
    admin,
    aio,
    aio_admin,
    aio_executions,
    aio_files,
    aio_run_steps,
    aio_session_files,
    client,
    executions,
    files,
    run_steps,
    session_files,
)

PAIRS = [
    (client.Client, aio.AsyncClient),
    (client.Sessions, aio.AsyncSessions),
    (client.Session, aio.AsyncSession),
    (session_files.SessionFiles, aio_session_files.AsyncSessionFiles),
    (executions.Execution, aio_executions.AsyncExecution),
    (executions.Executions, aio_executions.AsyncExecutions),
    (files.Files, aio_files.AsyncFiles),
    (run_steps.RunSteps, aio_run_steps.AsyncRunSteps),
    (admin.Admin, aio_admin.AsyncAdmin),
]


@pytest.mark.parametrize(("sync", "asynchronous"), PAIRS)
def test_they_have_the_same_methods(sync: type, asynchronous: type) -> None:
    assert public(sync) == public(asynchronous)


def public(kind: type) -> dict[str, tuple[list[str], str]]:
    return {
        name: (list(inspect.signature(member).parameters), inspect.getdoc(member) or "")
        for name, member in vars(kind).items()
        if inspect.isfunction(member) and not name.startswith("_")
    }
