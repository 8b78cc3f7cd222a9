"""The limits that a backend says to enforce hold, and use is measured."""

from dataclasses import fields, replace

import pytest

from cellblock_server.backends.sandbox import SandboxLimits
from tests.integration.backends.conftest import MIB, BackendOfServer

CODE = {
    "open_files": "[open('/dev/null') for _ in range(2000)]",
    "file_bytes": "open('large', 'wb').write(bytes(17 * 2**20))",
    "data_bytes": "[open(str(n), 'wb').write(bytes(8 * 2**20)) for n in range(6)]",
    "tmp_bytes": "open('/tmp/large', 'wb').write(bytes(12 * 2**20))",
}


@pytest.mark.parametrize("limit", CODE)
async def test_enforced_limit_raises_in_the_code(server: BackendOfServer, limit: str) -> None:
    if limit not in server.backend.capabilities.enforced_limits:
        pytest.skip("the backend does not enforce it")
    sandbox = await server.start_sandbox()
    code = f"try:\n    {CODE[limit]}\nexcept OSError as error:\n    print('refused')"
    assert await server.run(sandbox, code) == "refused\n"


async def test_capabilities_name_limits_that_exist(server: BackendOfServer) -> None:
    names = {field.name for field in fields(SandboxLimits)}
    assert server.backend.capabilities.enforced_limits <= names


@pytest.mark.unless_runtime("runsc", "it can't change limits while it runs")
async def test_limits_of_a_running_sandbox_change(server: BackendOfServer) -> None:
    sandbox = await server.start_sandbox()
    more = replace(sandbox.spec.limits, memory_bytes=640 * MIB, cpus=0.5, pids=64)
    for _time in range(2):
        await server.backend.update(replace(sandbox.spec, limits=more))
    assert await server.run(sandbox, "print(1)") == "1\n"


async def test_use_is_measured(server: BackendOfServer) -> None:
    sandbox = await server.start_sandbox()
    before = await server.backend.cpu_seconds(sandbox.id)
    await server.run(sandbox, "kept = b'x' * 50_000_000; sum(range(10**7))")
    stats = await server.backend.stats(sandbox.id)
    assert stats.memory_bytes > 50 * MIB
    assert stats.pids >= 3  # agent, fork server, kernel; or what runs them
    assert await server.backend.cpu_seconds(sandbox.id) > before
    memory = await server.backend.memory_bytes(sandbox.id)
    assert memory is None or memory > 50 * MIB
