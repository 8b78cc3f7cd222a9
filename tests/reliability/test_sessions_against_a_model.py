"""Random sequences of calls: a real server answers like a model in memory."""

from pathlib import Path

import hypothesis
import pytest
from hypothesis.stateful import run_state_machine_as_test

from cellblock_client import Client
from cellblock_client.embedded import embedded_server
from tests.support.images import CORE
from tests.support.session_machine import MAX_QUEUE, SessionMachine

STEPS = 25
EXAMPLES = {"local": 12, "docker": 4}


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("backend", EXAMPLES)
def test_each_answer_equals_the_models(
    backend: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CELLBLOCK_EXECUTIONS__MAX_QUEUE", str(MAX_QUEUE))
    # The model knows of no code that does not give way: on a busy machine that takes long.
    monkeypatch.setenv("CELLBLOCK_EXECUTIONS__GRACE", "60")
    monkeypatch.setenv("CELLBLOCK_SANDBOX__IMAGE", CORE)
    state = tmp_path / "state"
    longer = request.config.getoption("--longer")
    with embedded_server(backend, state_dir=state) as address, Client(address) as client:
        run_state_machine_as_test(
            lambda: SessionMachine(client),  # type: ignore[arg-type] # what it calls is enough
            settings=hypothesis.settings(
                max_examples=EXAMPLES[backend] * longer,
                stateful_step_count=STEPS,
                derandomize=longer == 1,
                database=None,
                # Each try is a minute's worth of calls: what failed is printed as it was.
                phases=[hypothesis.Phase.generate],
                suppress_health_check=list(hypothesis.HealthCheck),
            ),
        )
    assert list((state / "run").iterdir()) == []
