"""Run steps in one unit of work."""

from datetime import datetime

from sqlalchemy import Connection

from cellblock_server.journal.hub import Hub, Name
from cellblock_server.journal.run_step_place import StepPlace
from cellblock_server.store import run_steps


class RunStepChanges:
    """Run steps that new executions belong to, made unless they exist."""

    def __init__(self, now: datetime) -> None:
        """Start without a change."""
        self._now = now
        self._changed: set[Name] = set()

    def write(self, connection: Connection, place: StepPlace) -> str:
        """Store the run step of a new execution, as part of a transaction. Return its id.

        Raises what `run_steps.place` does.
        """
        wanted = place.step(self._now)
        step = run_steps.place_step(connection, wanted, place.chosen, is_new=place.is_new)
        self._changed |= {(step.tenant, step.run_id), (step.tenant, step.thread_id)}
        return step.id

    def publish(self, hub: Hub) -> None:
        """Wake the watchers of the runs and threads that have more run steps."""
        for name in self._changed:
            hub.changed(name)
