import json
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest

from cellblock_client import AsyncClient
from cellblock_client.aio import AsyncSession
from cellblock_client.client import Session
from tests.security.callers import Guarded, guarded
from tests.support.exhaustion import LIMITS, Attack
from tests.support.hostile_ground import HostileGround, hostile_ground
from tests.support.inside import Inside, Unprotected, unprotected
from tests.support.processes import server_pid

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A server that requires keys, for tests with tenants of their own."""
    with guarded(tmp_path_factory.mktemp("guarded")) as at:
        yield at


SOURCES = (f"127.1.{number // 200}.{number % 200 + 1}" for number in count())


@pytest.fixture
def source() -> str:
    """Source address of attacks. No other test uses it, as it may be banned."""
    return next(SOURCES)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.engine)


@pytest.fixture(scope="module")
def inside(shared_session: Session) -> Inside:
    """The sandbox of the shared session, in which hostile code runs."""
    return Inside(shared_session)


@pytest.fixture
def without_landlock(tmp_path: Path) -> str:
    """A seccomp profile as on a host without Landlock, which refuses nothing else."""
    profile = tmp_path / "without-landlock.json"
    refused = {"names": ["landlock_create_ruleset"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}
    profile.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [refused]}))
    return str(profile)


@pytest.fixture(scope="module")
def outside() -> Iterator[Unprotected]:
    """A container in which the same code meets no protection but namespaces."""
    with unprotected() as container:
        yield container


@pytest.fixture(scope="session")
async def ground() -> AsyncIterator[HostileGround]:
    """A server whose agents can be forged."""
    async with hostile_ground() as ground:
        yield ground


@pytest.fixture(scope="session")
async def bystanders(server: str) -> AsyncIterator[AsyncClient]:
    """A client for attackers and for sessions that must not be affected."""
    async with AsyncClient(server) as client:
        yield client


@pytest.fixture(scope="module")
async def attacker(bystanders: AsyncClient) -> AsyncIterator[AsyncSession]:
    async with await bystanders.sessions.create(limits=LIMITS) as session:
        yield session


@pytest.fixture(scope="module")
async def neighbour(bystanders: AsyncClient) -> AsyncIterator[AsyncSession]:
    async with await bystanders.sessions.create() as session:
        await session.run("1")
        yield session


@pytest.fixture
async def attack(
    attacker: AsyncSession, neighbour: AsyncSession, state_dir: Path
) -> AsyncIterator[Attack]:
    attack = Attack(attacker, neighbour, server_pid(state_dir))
    yield attack
    await attack.check_after()
