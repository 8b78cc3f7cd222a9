"""Findings of `doctor` on a machine without Docker Engine, each with advice."""

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
    """Return a state folder with a database, as a server leaves it."""
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


def worst_finding(findings: list[Finding], check: str) -> Finding:
    """Return the worst finding of a check. It has advice unless its level is OK."""
    order = list(Level)
    found = max(
        (one for one in findings if one.check == check), key=lambda one: order.index(one.level)
    )
    assert bool(found.advice) == (found.level is not Level.OK)
    return found


def test_state_folder_of_a_server_is_ok(state: Path) -> None:
    found = list(state_findings(settings(state)))
    assert {one.check for one in found} >= {"state folder", "state disk", "database", "clock"}
    assert [one for one in found if one.level is not Level.OK and one.check != "state disk"] == []


def test_missing_state_folder_is_ok_and_not_created(tmp_path: Path) -> None:
    found = list(state_findings(settings(tmp_path / "new")))
    assert (
        worst_finding(found, "state folder").level
        is worst_finding(found, "database").level
        is Level.OK
    )
    assert not (tmp_path / "new").exists()


def test_state_folder_readable_by_others_is_a_problem(state: Path) -> None:
    state.chmod(0o755)
    found = worst_finding(list(state_findings(settings(state))), "state folder")
    assert (found.level, found.advice.startswith("chmod 700")) == (Level.PROBLEM, True)


def test_disk_below_its_reserve_is_a_problem(state: Path) -> None:
    full = settings(state, files={"min_free_bytes": 2**60})
    assert worst_finding(list(state_findings(full)), "state disk").level is Level.PROBLEM


def newer(file: sqlite3.Connection) -> None:
    file.execute("UPDATE alembic_version SET version_num = '9999'")


def older(file: sqlite3.Connection) -> None:
    file.execute("UPDATE alembic_version SET version_num = '0001'")


@pytest.mark.parametrize(
    ("change", "level"), [(newer, Level.PROBLEM), (older, Level.WARNING)], ids=["newer", "older"]
)
def test_database_of_another_release_is_reported(
    state: Path, change: Callable[[sqlite3.Connection], None], level: Level
) -> None:
    with closing(sqlite3.connect(state / "cellblock.db")) as file, file:
        change(file)
    assert worst_finding(list(state_findings(settings(state))), "database").level is level


def test_damaged_database_is_a_problem(state: Path) -> None:
    (state / "cellblock.db").write_bytes(b"no database at all" * 1000)
    assert worst_finding(list(state_findings(settings(state))), "database").level is Level.PROBLEM


async def test_missing_or_expiring_keys_are_reported(state: Path) -> None:
    needs_keys = settings(state, auth={"required": True})
    assert "create-admin-key" in worst_finding(list(state_findings(needs_keys)), "keys").advice
    database = Database(f"sqlite:///{state / 'cellblock.db'}")
    await database.start()
    tenants = TenantStore(database)
    await tenants.ensure(DEFAULT_TENANT, utc_now())
    keys = KeyService(KeyStore(database), tenants, b"s" * 32, utc_now)
    new = NewKey(DEFAULT_TENANT, Role.ADMIN, expires_after=timedelta(days=3))
    record, _text = await keys.create(new)
    await database.close()
    found = worst_finding(list(state_findings(needs_keys)), "keys")
    assert (found.level, record.id in found.message) == (Level.WARNING, True)


def tls_settings(folder: Path, days: float) -> dict[str, object]:
    """Return TLS settings with a certificate that expires after this many days."""
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
def test_certificate_is_reported_before_it_expires(
    state: Path, tmp_path: Path, days: float, level: Level
) -> None:
    found = list(access_findings(settings(state, server=tls_settings(tmp_path, days))))
    assert worst_finding(found, "tls").level is level


def test_tls_key_readable_by_others_is_reported(state: Path, tmp_path: Path) -> None:
    server = tls_settings(tmp_path, 90)
    (tmp_path / "server.key").chmod(0o644)
    found = list(access_findings(settings(state, server=server)))
    assert worst_finding(found, "tls").level is Level.WARNING


def test_invalid_certificate_file_is_a_problem(state: Path, tmp_path: Path) -> None:
    server = tls_settings(tmp_path, 90)
    (tmp_path / "server.pem").write_text("nothing")
    assert (
        worst_finding(list(access_findings(settings(state, server=server))), "tls").level
        is Level.PROBLEM
    )


def test_unreachable_server_is_reported(state: Path) -> None:
    closed = settings(state, server={"listen": "127.0.0.1:1"})
    assert worst_finding(list(access_findings(closed)), "server").level is Level.WARNING


def test_too_few_file_descriptors_are_reported(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (256, 256))
    many = settings(state, sessions={"max_sessions": 200})
    assert worst_finding(list(host_findings(many)), "descriptors").level is Level.WARNING


def test_memory_limit_over_the_machines_memory_is_reported(state: Path) -> None:
    large = settings(state, limits={"memory_bytes": {"max": "100 TiB"}})
    assert worst_finding(list(host_findings(large)), "memory").level is Level.WARNING


def test_egress_without_squid_is_a_problem(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cellblock_server.ops.doctor.host.squid", lambda: None)
    asks = settings(state, sandbox={"network": "proxy"})
    assert worst_finding(list(host_findings(asks)), "egress").level is Level.PROBLEM


@pytest.mark.parametrize(
    ("options", "seccomp", "apparmor"),
    [
        (["name=seccomp,profile=default", "name=apparmor"], Level.OK, Level.OK),
        (["name=seccomp,profile=default"], Level.OK, Level.PROBLEM),
        ([], Level.PROBLEM, Level.PROBLEM),
    ],
    ids=["both", "seccomp", "neither"],
)
def test_security_options_that_the_engine_lacks_are_a_problem(
    state: Path, options: list[str], seccomp: Level, apparmor: Level
) -> None:
    asks = settings(state, sandbox={"apparmor": "mine"})
    found = list(security_findings(asks, {"SecurityOptions": options}))
    assert (worst_finding(found, "seccomp").level, worst_finding(found, "apparmor").level) == (
        seccomp,
        apparmor,
    )


@pytest.mark.parametrize("driver", ["cgroupfs", "none"])
def test_engine_without_resource_limits_is_a_problem(driver: str) -> None:
    can = dict.fromkeys(("MemoryLimit", "SwapLimit", "CpuCfsQuota", "PidsLimit"), True)
    whole = {**can, "CgroupDriver": driver}
    wanted = Level.OK if driver == "cgroupfs" else Level.PROBLEM
    assert worst_finding(list(limit_findings(whole)), "limits").level is wanted
    assert (
        worst_finding(list(limit_findings({**whole, "SwapLimit": False})), "limits").level
        is Level.PROBLEM
    )


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
    assert worst_finding(found, "runtime").level is Level.OK
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
def test_kernel_without_landlock_is_reported(
    release: str, abi: int | None, level: Level, words: str
) -> None:
    finding = landlock_finding({"KernelVersion": release}, abi)
    assert (finding.level, words in finding.message) == (level, True)


def test_landlock_version_of_this_kernel_can_be_read() -> None:
    abi = landlock_abi()
    assert abi is None or abi >= 0
