"""Variables that programs read when they start apply in a kernel, which has started before."""

from tests.support.agent import RunningAgent

ZONE = "import time; time.strftime('%Z')"
IMPORTS = "import sys; [path for path in sys.path if 'modules' in path]"


async def test_an_executions_time_zone_is_restored_after_it(agent: RunningAgent) -> None:
    await agent.connection.set_environment({"TZ": "Asia/Tokyo"})
    assert (await agent.run(ZONE, environment={"TZ": "America/Panama"})).result == "'EST'"
    assert (await agent.run(ZONE)).result == "'JST'"


async def test_an_executions_import_path_is_removed_after_it(agent: RunningAgent) -> None:
    variables = {"PYTHONPATH": "/modules/a:/modules/b"}
    assert (
        await agent.run(IMPORTS, environment=variables)
    ).result == "['/modules/a', '/modules/b']"
    assert (await agent.run(IMPORTS)).result == "[]"


async def test_a_restarted_kernel_has_the_sessions_time_zone(agent: RunningAgent) -> None:
    await agent.connection.set_environment({"TZ": "Asia/Tokyo"})
    await agent.connection.restart_kernel("its variables must stay")
    assert (await agent.run(ZONE)).result == "'JST'"
