"""Every call that the server takes has a role that it needs, or is open on purpose."""

from google.protobuf.descriptor_pool import Default
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from cellblock_server.rpc.health import SERVICES
from cellblock_server.rpc.listener import STANDARD_SERVICES
from cellblock_server.rpc.permissions import HEALTH, NEEDED, OPEN, REFLECTION
from cellblock_server.store.records import Role

READING = ("Get", "List", "Watch", "Read", "Stat", "Download", "Resolve", "Describe")
ADMIN = "/cellblock.v1.AdminService/"


def every_call() -> set[str]:
    # Imported for their descriptors.
    assert health_pb2.DESCRIPTOR.package
    assert reflection_pb2.DESCRIPTOR.package
    return {
        f"/{service}/{method.name}"
        for service in (*SERVICES, *STANDARD_SERVICES)
        for method in Default().FindServiceByName(service).methods
    }


def test_every_call_needs_a_role_or_is_open() -> None:
    assert every_call() - OPEN == NEEDED.keys()
    assert every_call() >= OPEN


def test_only_health_is_open() -> None:
    assert {name.split("/")[1] for name in OPEN} == {HEALTH}
    assert set(STANDARD_SERVICES) == {HEALTH, REFLECTION}


def test_who_may_only_read_may_change_nothing() -> None:
    allowed = {name for name, role in NEEDED.items() if role is Role.READ_ONLY}
    calls = {name.rpartition("/")[2] for name in allowed} - {"ServerReflectionInfo"}
    assert {name for name in calls if not name.startswith(READING)} == set()


def test_the_operators_calls_are_the_operators() -> None:
    assert {name for name, role in NEEDED.items() if role is Role.ADMIN} == {
        name for name in every_call() if name.startswith(ADMIN)
    }
