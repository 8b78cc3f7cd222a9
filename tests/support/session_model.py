"""In-memory model of sessions, compared with a real server in random sequences of calls."""

from dataclasses import dataclass, field

from cellblock_client import ExecutionStatus, FailureCause

COUNT = "n = globals().get('n', 0) + 1; n"
FAIL = "1 / 0"
LONG = "import time; time.sleep(600)"
"""Code that ends only when it is cancelled or its session ends."""


@dataclass
class ExecutionModel:
    """One execution."""

    id: str
    code: str
    end: ExecutionStatus | None = None
    """Final status; None while it waits or runs."""
    cause: FailureCause | None = None
    text: str = ""
    """The value that it shows."""

    def finish(self, end: ExecutionStatus, cause: FailureCause | None = None) -> None:
        self.end, self.cause = end, cause


@dataclass
class SessionModel:
    """One session. The first execution in its queue runs and is a long one; the others wait."""

    id: str
    deleted: bool = False
    generation: int = 1
    count: int = 0
    executions: list[ExecutionModel] = field(default_factory=list)
    attached: dict[str, str] = field(default_factory=dict)
    """Names by files' ids."""

    @property
    def queue(self) -> list[ExecutionModel]:
        return [one for one in self.executions if one.end is None]

    def submit(self, execution: ExecutionModel) -> None:
        self.executions.append(execution)
        self._go_on()

    def cancel(self, execution: ExecutionModel) -> None:
        if execution.end is None:
            execution.finish(ExecutionStatus.CANCELLED, FailureCause.CANCELLED)
            self._go_on()

    def restart(self) -> None:
        self.count = 0
        self.generation += 1
        if queue := self.queue:
            queue[0].finish(ExecutionStatus.CANCELLED, FailureCause.SESSION_RESTARTED)
            self._go_on()

    def delete(self) -> None:
        self.deleted = True
        for place, execution in enumerate(self.queue):
            end = ExecutionStatus.EXPIRED if place else ExecutionStatus.CANCELLED
            execution.finish(end, FailureCause.SESSION_ENDED)

    def paths(self) -> set[str]:
        """Return the paths listed in `/mnt/data`: attachments by their names."""
        return {f"/mnt/data/{name}" for name in self.attached.values()}

    def _go_on(self) -> None:
        """Run executions up to the next long one."""
        for execution in self.queue:
            if execution.code == LONG:
                return
            if execution.code == COUNT:
                self.count += 1
                execution.text = str(self.count)
            execution.finish(ExecutionStatus.COMPLETED)
