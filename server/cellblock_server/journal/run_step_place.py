"""Where an execution stands in a run: what a caller chose, and what is made of the rest."""

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
    """What a caller says; empty for what is to be made."""

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
        """The place with everything filled in.

        A session's thread and assistant are always the same ones.
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
    """Which run step an execution belongs to, and what that is if it is new."""

    tenant: str
    session_id: str
    thread_id: str
    run_id: str
    assistant_id: str
    step_id: str
    more_calls: bool
    is_new: bool
    """Whether nobody can know of the run step yet."""
    chosen: frozenset[str]
    """Fields that must be so if the run step exists already."""

    def step(self, now: datetime) -> RunStepRecord:
        """The run step, as it is if it is new."""
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
