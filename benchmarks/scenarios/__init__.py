"""All scenarios, in the order in which they run and are reported."""

from benchmarks.scenario import Scenario
from benchmarks.scenarios import (
    attach,
    creates,
    executions,
    first_result,
    flood,
    imports,
    one_plus_one,
    restart,
)

SCENARIOS: tuple[Scenario, ...] = (
    first_result.SCENARIO,
    one_plus_one.SCENARIO,
    restart.SCENARIO,
    imports.SCENARIO,
    executions.SCENARIO,
    creates.SCENARIO,
    flood.SCENARIO,
    attach.SCENARIO,
)
"""Scenarios; another module with a SCENARIO adds one row to each table: see scenario.py."""
