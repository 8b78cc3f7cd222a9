"""A tenant that calls concurrently stays within its quotas, and others can use theirs."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from secrets import token_hex

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from cellblock_client import Client, Quotas, Role
from cellblock_client.client import Session
from cellblock_client.errors import (
    Error,
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
)
from cellblock_client.events import Stdout
from cellblock_client.retry import RETRY_SECONDS
from tests.security.callers import Guarded
from tests.support import error_table
from tests.support.waiting import until

AT_ONCE = 6
SPIN = "import time; end = time.process_time() + {}\nwhile time.process_time() < end: pass"


@contextmanager
def tenant(
    at: Guarded, quotas: Quotas, *, retry_for: float = RETRY_SECONDS
) -> Iterator[tuple[str, Client]]:
    """Create a tenant with these quotas, and a client of it."""
    name = f"t{token_hex(8)}"
    with at.client(at.admin) as admin:
        admin.admin.create_tenant(name, quotas=quotas)
    key = at.key(name, Role.EXECUTOR)
    with Client(at.address, api_key=key, tls=False, retry_for=retry_for) as client:
        yield name, client


@contextmanager
def refused(name: str, reason: str, bound: str) -> Iterator[list[Error]]:
    """Assert that the block is refused by a quota, with the error of the table of errors."""
    errors: list[Error] = []
    with pytest.raises(ResourceExhaustedError) as caught:
        yield errors
    error = caught.value
    errors.append(error)
    assert error.reason == reason
    assert bound in error.message
    error_table.check(error)
    # The client's backoff raises it on without a cause.
    failed = error.__cause__ or error.__context__
    assert isinstance(failed, grpc.Call)
    status = rpc_status.from_call(failed)
    failure = error_details_pb2.QuotaFailure()
    assert status is not None
    assert any(detail.Unpack(failure) for detail in status.details)
    assert failure.violations[0].subject == f"tenant:{name}"


def running(session: Session) -> Iterator[object]:
    """Start an execution that runs until its session is deleted."""
    stream = iter(session.execute("print(1, flush=True); import time; time.sleep(50)"))
    while not isinstance(next(stream), Stdout):
        pass
    return stream


def test_quota_of_concurrent_sessions(at: Guarded) -> None:
    with tenant(at, Quotas(max_sessions=1)) as (name, client), ThreadPoolExecutor(AT_ONCE) as pool:
        made = [pool.submit(client.sessions.create) for _ in range(AT_ONCE)]
        errors = [future.exception() for future in made]
        assert errors.count(None) == 1
        with refused(name, "SESSION_QUOTA", "has 1 sessions; the quota is 1"):
            client.sessions.create()
        with tenant(at, Quotas()) as (_name, other):
            other.sessions.create().delete()
        next(future.result() for future in made if future.exception() is None).delete()
        client.sessions.create().delete()


def test_quota_of_concurrent_executions(at: Guarded) -> None:
    with tenant(at, Quotas(max_executions=2)) as (name, client), client.sessions.create() as one:
        streams = [running(one)]
        with client.sessions.create() as another:
            streams.append(iter(another.execute("import time; time.sleep(50)")))
            next(streams[-1])
            for session in (one, another):
                with refused(name, "EXECUTION_QUOTA", "has 2 executions that wait or run"):
                    session.run("1")
        assert one.refresh().end_time is None
        with client.sessions.create() as third:
            assert third.run("1").text == "1"


def test_concurrent_executions_use_the_quota_fully(at: Guarded) -> None:
    with (
        tenant(at, Quotas(max_executions=2)) as (_name, client),
        client.sessions.create() as session,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        streams = [session.execute("import time; time.sleep(50)") for _ in range(AT_ONCE)]
        begun = [pool.submit(next, iter(stream)) for stream in streams]
        errors = [future.exception() for future in begun]
        assert errors.count(None) == 2


def test_quota_of_cpu_time(at: Guarded) -> None:
    with (
        tenant(at, Quotas(cpu_seconds=2)) as (name, client),
        at.client(at.admin) as admin,
        client.sessions.create() as session,
    ):
        session.run(SPIN.format(2.2))
        until(lambda: admin.admin.usage(name).cpu_seconds >= 2)
        with refused(name, "CPU_QUOTA", "the quota is 2 s until"):
            session.run("1")
        with refused(name, "CPU_QUOTA", "s of CPU time since"):
            client.sessions.create()
        with pytest.raises(ResourceExhaustedError) as caught:
            session.run("1")
        assert caught.value.retry_after is not None
        assert timedelta(0) < caught.value.retry_after <= timedelta(days=1)
        admin.admin.update_tenant(name, Quotas(cpu_seconds=1000))
        assert session.run("1").text == "1"


def test_quota_of_stored_bytes(at: Guarded) -> None:
    with tenant(at, Quotas(stored_bytes=10)) as (name, client):
        file = client.files.upload(bytes(10), "x")
        with refused(name, "STORAGE_QUOTA", "past the quota of 10 bytes"):
            client.files.upload(b"1", "y")
        client.files.delete(file.id)
        client.files.upload(b"1", "y")


def test_quota_of_calls_per_second(at: Guarded) -> None:
    with tenant(at, Quotas(calls_per_second=4), retry_for=0) as (name, client):
        with refused(name, "CALL_RATE", "may make 4 calls a second") as errors:
            for _ in range(200):
                list(client.sessions.list())
        assert errors[0].retry_after is not None
        assert errors[0].retry_after <= timedelta(seconds=0.25)
        with at.client(at.admin) as admin:
            list(admin.sessions.list())
        until(lambda: allowed(client))


def test_a_client_waits_until_it_may_call_again(at: Guarded) -> None:
    with tenant(at, Quotas(calls_per_second=4)) as (_name, client):
        for _ in range(8):
            list(client.sessions.list())


def allowed(client: Client) -> bool:
    try:
        list(client.sessions.list())
    except ResourceExhaustedError as error:
        time.sleep(error.retry_after.total_seconds() if error.retry_after else 0)
        return False
    return True


def test_a_quota_can_be_zero(at: Guarded) -> None:
    with tenant(at, Quotas(calls_per_second=0)) as (name, client):
        with pytest.raises(ResourceExhaustedError) as caught:
            list(client.sessions.list())
        assert caught.value.retry_after is None
        with at.client(at.admin) as admin:
            admin.admin.update_tenant(name, Quotas())
        list(client.sessions.list())


def test_quotas_are_shown_with_usage(at: Guarded) -> None:
    with (
        tenant(at, Quotas(max_sessions=3)) as (name, client),
        at.client(at.admin) as admin,
        client.sessions.create() as session,
    ):
        stream = running(session)
        client.files.upload(b"12345", "x")
        usage = admin.admin.usage(name)
        assert (usage.sessions, usage.executions) == (1, 1)
        assert usage.stored_bytes >= 5
        assert usage.quotas.max_sessions == 3
        assert usage.quotas.max_executions == 1000
        assert admin.admin.get_tenant(name).quotas == Quotas(max_sessions=3)
        changed = admin.admin.update_tenant(name, Quotas(cpu_seconds=1.5))
        assert changed.quotas == Quotas(cpu_seconds=1.5)
        assert changed in list(admin.admin.tenants())
        assert admin.admin.usage(name).quotas == replace(
            usage.quotas, max_sessions=10_000, cpu_seconds=1.5
        )
        del stream


def test_invalid_quotas_are_refused(at: Guarded) -> None:
    with at.client(at.admin) as admin:
        with pytest.raises(InvalidArgumentError) as caught:
            admin.admin.create_tenant(f"t{token_hex(4)}", quotas=Quotas(max_sessions=-1))
        assert caught.value.field == "quotas.max_sessions"
        with pytest.raises(InvalidArgumentError, match=r"quotas.cpu_seconds: must be 0 to .* nan"):
            admin.admin.update_tenant("default", Quotas(cpu_seconds=float("nan")))
        for missing in (
            lambda: admin.admin.update_tenant("nobody", Quotas()),
            lambda: admin.admin.usage("nobody"),
        ):
            with pytest.raises(NotFoundError):
                missing()
