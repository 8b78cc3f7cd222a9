"""Environment of a cell: a new kernel after a restart, variables, working directory, number."""

from tests.support.agent import RunningAgent


async def test_restart_loses_variables_and_counts(agent: RunningAgent) -> None:
    await agent.run("x = 1")
    assert await agent.connection.restart_kernel("on request") == 2
    assert (await agent.run("x")).error.name == "NameError"


async def test_restart_ends_what_runs(agent: RunningAgent) -> None:
    name = await agent.start("while True: pass")
    await agent.until_begun()
    await agent.connection.restart_kernel("on request")
    shown = await agent.read(name)
    assert (shown.outcome, shown.end.memory_lost) == ("RESTARTED", True)


async def test_executions_are_counted_from_one_again_after_a_restart(
    agent: RunningAgent,
) -> None:
    counts = [(await agent.run(code)).end.execution_count for code in ("1", "1 / 0", "x = (", "2")]
    assert counts == [1, 2, 3, 4]
    assert (await agent.run("len(In), Out")).result == "(6, {1: 1, 4: 2})"
    await agent.connection.restart_kernel("on request")
    assert (await agent.run("1")).end.execution_count == 1


async def test_the_environment_of_one_execution_ends_with_it(agent: RunningAgent) -> None:
    await agent.connection.set_environment({"KEPT": "session"})
    look = "import os; os.environ.get('KEPT'), os.environ.get('NEW')"
    shown = await agent.run(look, environment={"KEPT": "execution", "NEW": "1"})
    assert shown.result == "('execution', '1')"
    assert shown.end.execution_count == 1
    assert (await agent.run(look)).result == "('session', None)"


async def test_the_environment_of_an_execution_ends_with_its_interrupt_too(
    agent: RunningAgent,
) -> None:
    await agent.run("while True: pass", environment={"NEW": "1"}, timeout=0.3)
    assert (await agent.run("import os; 'NEW' in os.environ")).result == "False"


async def test_the_environment_outlives_a_kernel_only_if_it_is_the_sessions(
    agent: RunningAgent,
) -> None:
    await agent.connection.set_environment({"KEPT": "session"})
    await agent.run("import os; os._exit(1)", environment={"NEW": "1"})
    shown = await agent.run("import os; os.environ.get('KEPT'), os.environ.get('NEW')")
    assert shown.result == "('session', None)"


async def test_code_imports_its_own_modules(agent: RunningAgent) -> None:
    (agent.data / "mine.py").write_text("x = 5\n")
    (agent.data / "json.py").write_text("raise ImportError('not this one')\n")
    assert (await agent.run("import mine, json; mine.x")).result == "5"


async def test_code_runs_in_the_data_folder(agent: RunningAgent) -> None:
    assert (await agent.run("import os; os.getcwd()")).result == repr(str(agent.data))
