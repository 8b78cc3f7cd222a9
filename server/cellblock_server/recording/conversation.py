"""Order of an agent's events: any other order is a ProtocolViolationError."""

from collections.abc import Sequence
from copy import copy

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_server.agent.checks import ProtocolViolationError
from cellblock_server.recording.allowance import Allowance
from cellblock_server.store.records import ExecutionRecord, ExecutionStatus

OF_EXECUTIONS = frozenset({"execution_started", "execution_finished"})
"""Events that always name an execution."""
BETWEEN = frozenset(
    {"stream_text", "rich", "clear_output", "error", "output_cut", "kernel_restarted"}
)
"""Events that may name one."""


class Conversation:
    """Follows a session's events: numbers without gaps, and each execution's in its order.

    An execution's events begin with `execution_started`, end with `execution_finished`, and
    have each of these once.
    """

    def __init__(self, limits: pb.OutputLimits, acknowledged: int) -> None:
        """Continue after the event `acknowledged`; executions were given `limits`."""
        self._limits = limits
        self._allowance = Allowance(limits)
        self._last = acknowledged
        self._ended = ""

    def follow(self, batch: Sequence[pb.Event], current: ExecutionRecord | None) -> "Conversation":
        """Return the conversation after these events, while `current` runs or is about to.

        This one stays as it is: storing the events may fail, and is retried then.
        """
        then = copy(self)
        then._allowance = copy(self._allowance)  # noqa: SLF001 - its own kind
        running = current is not None and current.status is ExecutionStatus.RUNNING
        for event in batch:
            running = then._check_event(event, current, running=running)  # noqa: SLF001
        return then

    def _check_event(
        self, event: pb.Event, current: ExecutionRecord | None, *, running: bool
    ) -> bool:
        """Check one event. Return whether the execution runs after it."""
        self._last += 1
        if event.sequence != self._last:
            raise ProtocolViolationError(f"event {event.sequence} instead of {self._last}")
        kind = event.WhichOneof("event") or "nothing"
        if not event.execution_id:
            if kind not in BETWEEN | {"background_changes"}:
                raise ProtocolViolationError(f"{kind} of no execution")
            return running
        if current is None or event.execution_id != current.id or self._ended == current.id:
            raise ProtocolViolationError("event of an execution that does not run")
        if kind not in BETWEEN | OF_EXECUTIONS:
            raise ProtocolViolationError(f"{kind} of an execution")
        if running == (kind == "execution_started"):
            words = "twice" if running else f"after {kind}"
            raise ProtocolViolationError(f"execution_started {words}")
        if not running:
            self._allowance = Allowance(self._limits)
        self._allowance.spend(event)
        if kind == "execution_finished":
            self._ended = current.id
        return True
