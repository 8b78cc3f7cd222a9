"""What the doctor finds of a machine without an engine, each with what to do."""

import resource
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from cellblock_server.common.clock import utc_now
from cellblock_server.config import Settings, load
from cellblock_server.ops.doctor.access import access_findings
from cellblock_server.ops.doctor.engine import (
    limit_findings,
    runtime_findings,
    security_findings,
)
from cellblock_server.ops.doctor.finding import Finding, Level
from cellblock_server.ops.doctor.host import host_findings
from cellblock_server.ops.doctor.landlock import landlock_abi, landlock_finding
from cellblock_server.ops.doctor.state import state_findings
from cellblock_server.store.database import Database
from cellblock_server.store.keys import KeyStore
from cellblock_server.store.records import Role
from cellblock_server.store.tenants import TenantStore
from cellblock_server.tenants.keys import KeyService, NewKey
from cellblock_server.tenants.tenants import DEFAULT_TENANT

Sections = dict[str, dict[str, object]]


@pytest.fixture
async def state(tmp_path: Path) -> Path:
    """A state folder with a database, as a server leaves it."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    database = Database(f"sqlite:///{folder / 'cellblock.db'}")
    await database.start()
    await database.close()
    return folder


def settings(state: Path, **sections: dict[str, object]) -> Settings:
    found: Sections = {"server": {"state_dir": str(state)}}
    for name, values in sections.items():
        found.setdefault(name, {}).update(values)
    return load(None, found)


def of(findings: list[Finding], check: str) -> Finding:
    """The worst of a check, which has something to do unless it is well."""
    order = list(Level)
    found = max(
        (one for one in findings if one.check == check), key=lambda one: order.index(one.level)
    )
    assert bool(found.advice) == (found.level is not Level.OK)
    return found


def test_a_folder_as_a_server_leaves_it_is_well(state: Path) -> None:
    found = list(state_findings(settings(state)))
    assert {one.check for one in found} >= {"state folder", "state disk", "database", "clock"}
    assert [one for one in found if one.level is not Level.OK and one.check != "state disk"] == []


def test_what_is_not_there_yet_is_well_and_is_not_made(tmp_path: Path) -> None:
    found = list(state_findings(settings(tmp_path / "new")))
    assert of(found, "state folder").level is of(found, "database").level is Level.OK
    assert not (tmp_path / "new").exists()


def test_a_folder_that_others_can_read_is_a_problem(state: Path) -> None:
    state.chmod(0o755)
    found = of(list(state_findings(settings(state))), "state folder")
    assert (found.level, found.advice.startswith("chmod 700")) == (Level.PROBLEM, True)


def test_a_disk_below_its_reserve_is_a_problem(state: Path) -> None:
    full = settings(state, files={"min_free_bytes": 2**60})
    assert of(list(state_findings(full)), "state disk").level is Level.PROBLEM


def newer(file: sqlite3.Connection) -> None:
    file.execute("UPDATE alembic_version SET version_num = '9999'")


def older(file: sqlite3.Connection) -> None:
    file.execute("UPDATE alembic_version SET version_num = '0001'")


@pytest.mark.parametrize(
    ("change", "level"), [(newer, Level.PROBLEM), (older, Level.WARNING)], ids=["newer", "older"]
)
def test_a_database_of_another_release_is_told(
    state: Path, change: Callable[[sqlite3.Connection], None], level: Level
) -> None:
    with closing(sqlite3.connect(state / "cellblock.db")) as file, file:
        change(file)
    assert of(list(state_findings(settings(state))), "database").level is level


def test_a_damaged_database_is_a_problem(state: Path) -> None:
    (state / "cellblock.db").write_bytes(b"no database at all" * 1000)
    assert of(list(state_findings(settings(state))), "database").level is Level.PROBLEM


async def test_keys_that_are_missing_or_about_to_expire_are_told(state: Path) -> None:
    needs_keys = settings(state, auth={"required": True})
    assert "create-admin-key" in of(list(state_findings(needs_keys)), "keys").advice
    database = Database(f"sqlite:///{state / 'cellblock.db'}")
    await database.start()
    tenants = TenantStore(database)
    await tenants.ensure(DEFAULT_TENANT, utc_now())
    keys = KeyService(KeyStore(database), tenants, b"s" * 32, utc_now)
    new = NewKey(DEFAULT_TENANT, Role.ADMIN, expires_after=timedelta(days=3))
    record, _text = await keys.create(new)
    await database.close()
    found = of(list(state_findings(needs_keys)), "keys")
    assert (found.level, record.id in found.message) == (Level.WARNING, True)


def certified(folder: Path, days: float) -> dict[str, object]:
    """TLS whose certificate ends in so many days."""
    now = datetime.now(UTC)
    issued = trustme.CA().issue_cert(
        "localhost", not_before=now - timedelta(days=30), not_after=now + timedelta(days=days)
    )
    issued.cert_chain_pems[0].write_to_path(folder / "server.pem")
    issued.private_key_pem.write_to_path(folder / "server.key")
    (folder / "server.key").chmod(0o600)
    return {
        "tls_certificate": str(folder / "server.pem"),
        "tls_key": str(folder / "server.key"),
        "listen": "127.0.0.1:1",
    }


@pytest.mark.parametrize(
    ("days", "level"), [(90, Level.OK), (3, Level.WARNING), (-1, Level.PROBLEM)]
)
def test_a_certificate_is_told_before_it_expires(
    state: Path, tmp_path: Path, days: float, level: Level
) -> None:
    found = list(access_findings(settings(state, server=certified(tmp_path, days))))
    assert of(found, "tls").level is level


def test_a_key_that_others_can_read_is_told(state: Path, tmp_path: Path) -> None:
    server = certified(tmp_path, 90)
    (tmp_path / "server.key").chmod(0o644)
    found = list(access_findings(settings(state, server=server)))
    assert of(found, "tls").level is Level.WARNING


def test_files_that_are_no_certificate_are_a_problem(state: Path, tmp_path: Path) -> None:
    server = certified(tmp_path, 90)
    (tmp_path / "server.pem").write_text("nothing")
    assert of(list(access_findings(settings(state, server=server))), "tls").level is Level.PROBLEM


def test_that_no_server_answers_is_told(state: Path) -> None:
    closed = settings(state, server={"listen": "127.0.0.1:1"})
    assert of(list(access_findings(closed)), "server").level is Level.WARNING


def test_too_few_descriptors_are_told(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (256, 256))
    many = settings(state, sessions={"max_sessions": 200})
    assert of(list(host_findings(many)), "descriptors").level is Level.WARNING


def test_a_limit_past_the_machines_memory_is_told(state: Path) -> None:
    large = settings(state, limits={"memory_bytes": {"max": "100 TiB"}})
    assert of(list(host_findings(large)), "memory").level is Level.WARNING


def test_a_way_out_without_squid_is_a_problem(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cellblock_server.ops.doctor.host.squid", lambda: None)
    asks = settings(state, sandbox={"network": "proxy"})
    assert of(list(host_findings(asks)), "egress").level is Level.PROBLEM


@pytest.mark.parametrize(
    ("options", "seccomp", "apparmor"),
    [
        (["name=seccomp,profile=default", "name=apparmor"], Level.OK, Level.OK),
        (["name=seccomp,profile=default"], Level.OK, Level.PROBLEM),
        ([], Level.PROBLEM, Level.PROBLEM),
    ],
    ids=["both", "seccomp", "neither"],
)
def test_walls_that_the_engine_lacks_are_a_problem(
    state: Path, options: list[str], seccomp: Level, apparmor: Level
) -> None:
    asks = settings(state, sandbox={"apparmor": "mine"})
    found = list(security_findings(asks, {"SecurityOptions": options}))
    assert (of(found, "seccomp").level, of(found, "apparmor").level) == (seccomp, apparmor)


@pytest.mark.parametrize("driver", ["cgroupfs", "none"])
def test_an_engine_that_can_not_limit_is_a_problem(driver: str) -> None:
    can = dict.fromkeys(("MemoryLimit", "SwapLimit", "CpuCfsQuota", "PidsLimit"), True)
    whole = {**can, "CgroupDriver": driver}
    wanted = Level.OK if driver == "cgroupfs" else Level.PROBLEM
    assert of(list(limit_findings(whole)), "limits").level is wanted
    assert of(list(limit_findings({**whole, "SwapLimit": False})), "limits").level is Level.PROBLEM


@pytest.mark.parametrize(
    ("arguments", "is_found"),
    [
        (["--platform=ptrace", "--network=none", "--host-uds=all"], False),
        (["-network", "none"], False),
        (["--host-uds=all"], True),
        (["--network=sandbox"], True),
        (None, True),
    ],
)
@pytest.mark.parametrize("use", ["runtime", "allowed_runtimes", "default"])
def test_gvisor_without_loopback_is_a_warning(
    state: Path, arguments: list[str] | None, is_found: bool, use: str
) -> None:
    uses: dict[str, dict[str, object]] = {
        "runtime": {"runtime": "gvisor"},
        "allowed_runtimes": {"allowed_runtimes": ["gvisor"]},
        "default": {},
    }
    info = {
        "DefaultRuntime": "gvisor" if use == "default" else "runc",
        "Runtimes": {
            "runc": {"path": "runc"},
            "gvisor": {"path": "/usr/bin/runsc", "runtimeArgs": arguments},
        },
    }
    found = list(runtime_findings(settings(state, sandbox=uses[use]), info))
    assert of(found, "runtime").level is Level.OK
    assert [one.level for one in found if one.check == "runtime loopback"] == (
        [Level.WARNING] if is_found else []
    )


def test_gvisor_that_no_sandbox_uses_gives_no_warning(state: Path) -> None:
    info = {"DefaultRuntime": "runc", "Runtimes": {"runc": {}, "runsc": {"path": "runsc"}}}
    found = list(runtime_findings(settings(state), info))
    assert [one.level for one in found] == [Level.OK]


@pytest.mark.parametrize(
    ("release", "abi", "level", "words"),
    [
        ("6.12.1-generic", 6, Level.OK, "ABI 6"),
        ("6.12.1", None, Level.OK, "can't see"),
        ("6.12.1", 0, Level.WARNING, "turned off"),
        ("5.15.0-91", 1, Level.WARNING, "too old"),
        ("5.10.0", None, Level.WARNING, "too old"),
        ("", None, Level.OK, "can't see"),
    ],
)
def test_a_kernel_without_landlock_is_named(
    release: str, abi: int | None, level: Level, words: str
) -> None:
    finding = landlock_finding({"KernelVersion": release}, abi)
    assert (finding.level, words in finding.message) == (level, True)


def test_this_kernel_can_be_asked_for_landlock() -> None:
    abi = landlock_abi()
    assert abi is None or abi >= 0
