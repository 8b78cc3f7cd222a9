"""Place of an execution in a run: fields that the caller chose, and defaults for the others."""

from dataclasses import dataclass
from datetime import datetime

from cellblock_server.common.errors import InvalidArgumentError
from cellblock_server.common.ids import check_id, new_id
from cellblock_server.common.plain_text import check_plain
from cellblock_server.store.records import RunStepRecord, SessionRecord

MAX_THREAD_ID = 256
PREFIXES = {"run_id": "run_", "assistant_id": "asst_", "step_id": "step_"}


@dataclass(frozen=True)
class WantedPlace:
    """Place as the caller asks for it; empty fields get defaults."""

    thread_id: str = ""
    run_id: str = ""
    assistant_id: str = ""
    step_id: str = ""
    more_calls: bool = False

    def check(self) -> None:
        """Raise InvalidArgumentError for the first bad field."""
        if len(self.thread_id) > MAX_THREAD_ID:
            raise InvalidArgumentError(
                "place.thread_id",
                f"must be at most {MAX_THREAD_ID} characters, got {len(self.thread_id)}",
            )
        check_plain("place.thread_id", self.thread_id)
        for name, prefix in PREFIXES.items():
            if value := getattr(self, name):
                check_id(f"place.{name}", value, prefix)

    def in_session(self, session: SessionRecord) -> "StepPlace":
        """Return the place with defaults for empty fields.

        Those of thread and assistant are the same for all executions of a session.
        """
        suffix = session.id.removeprefix("sess_")
        return StepPlace(
            tenant=session.tenant,
            session_id=session.id,
            thread_id=self.thread_id or session.thread_id or f"thread_{suffix}",
            run_id=self.run_id or new_id("run_"),
            assistant_id=self.assistant_id or f"asst_{suffix}",
            step_id=self.step_id or new_id("step_"),
            more_calls=self.more_calls,
            is_new=not self.step_id,
            chosen=frozenset(
                name for name in ("thread_id", "run_id", "assistant_id") if getattr(self, name)
            ),
        )


@dataclass(frozen=True)
class StepPlace:
    """Run step that an execution belongs to, with its fields if it is new."""

    tenant: str
    session_id: str
    thread_id: str
    run_id: str
    assistant_id: str
    step_id: str
    more_calls: bool
    is_new: bool
    """Whether the run step is certainly new: its id was generated for this execution."""
    chosen: frozenset[str]
    """Fields that an existing run step must match."""

    def step(self, now: datetime) -> RunStepRecord:
        """Return the run step as it is stored if it is new."""
        return RunStepRecord(
            id=self.step_id,
            tenant=self.tenant,
            session_id=self.session_id,
            thread_id=self.thread_id,
            run_id=self.run_id,
            assistant_id=self.assistant_id,
            create_time=now,
            more_calls=self.more_calls,
        )
