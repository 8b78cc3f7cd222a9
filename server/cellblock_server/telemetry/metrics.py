"""Metrics of the server for Prometheus; `docs/reference/metrics.md` lists all of them.

Labels have values from this source only: methods, statuses, reasons, states. Values that callers
choose, such as ids and tenants, are never labels: each value is a series that Prometheus keeps.
"""

import importlib.metadata

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
"""Buckets for durations that people notice, from `1+1` up to a time limit."""
SHORT_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10)
"""Buckets for transactions."""


class Metrics:
    """Registry with all metrics of the server.

    Counters and histograms are updated where things happen; gauges are set before they are read
    (`sessions/overview.py`).
    """

    def __init__(self) -> None:
        """Start with nothing counted."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.build = self._gauge("build_info", "Always 1.", "version", "backend")
        self._calls()
        self._sessions()
        self._executions()
        self._parts()

    def _calls(self) -> None:
        self.rpc_seconds = self._histogram(
            "rpc_seconds",
            "Calls, from the request to the end of the response. A stream lasts as long as its "
            "caller reads.",
            SECONDS,
            "method",
            "code",
        )
        self.refusals = self._counter(
            "refusals", "Calls that failed, by the reason that their callers got.", "code", "reason"
        )

    def _sessions(self) -> None:
        self.sessions = self._gauge("sessions", "Live sessions.", "state")
        self.sessions_max = self._gauge("sessions_max", "Maximum number of live sessions.")
        self.session_create_seconds = self._histogram(
            "session_create_seconds",
            "Sessions that were made, from the request to a kernel that answers.",
            SECONDS,
            "source",
        )
        self.sessions_ended = self._counter("sessions_ended", "Sessions that ended.", "reason")
        self.pool_sandboxes = self._gauge(
            "pool_sandboxes", "Sandboxes of the pool, and how many it wants to have.", "state"
        )
        self.pool_takes = self._counter(
            "pool_takes", "Sessions that asked the pool for a sandbox.", "outcome"
        )
        self.pool_start_failures = self._counter(
            "pool_start_failures", "Sandboxes for the pool that could not be started."
        )
        self.sandboxes_left_behind = self._gauge(
            "sandboxes_left_behind", "Unused sandboxes that could not be removed yet."
        )

    def _executions(self) -> None:
        self.executions = self._gauge("executions", "Executions that have not ended.", "state")
        self.executions_ended = self._counter(
            "executions_ended", "Executions that ended.", "status", "cause"
        )
        self.execution_seconds = self._histogram(
            "execution_seconds",
            "Executions that ran, from their start in the kernel to their end.",
            SECONDS,
            "status",
        )
        self.execution_first_event_seconds = self._histogram(
            "execution_first_event_seconds",
            "Executions that ran, from their acceptance to the first event from their sandbox.",
            SECONDS,
        )
        self.event_bytes = self._counter(
            "event_bytes", "Bytes of executions' events that were stored: what code showed."
        )

    def _parts(self) -> None:
        self.file_bytes = self._counter("file_bytes", "Bytes of files that were stored.", "origin")
        self.stored_bytes = self._gauge(
            "stored_bytes", "Bytes of all files and of the records of all executions."
        )
        self.disk_free_bytes = self._gauge(
            "disk_free_bytes", "Space on the disk of the state folder."
        )
        self.engine_call_seconds = self._histogram(
            "engine_call_seconds", "Calls of the engine.", SECONDS, "call", "outcome"
        )
        self.store_seconds = self._histogram(
            "store_seconds", "Transactions of the database.", SHORT_SECONDS, "kind", "outcome"
        )
        self.background_task_failures = self._counter(
            "background_task_failures",
            "Unexpected failures of background tasks, each of which was restarted.",
            "task",
        )
        self.background_tasks_failing = self._gauge(
            "background_tasks_failing",
            "Whether a background task failed and has not run well since: 1 or 0.",
            "task",
        )
        self.ready = self._gauge(
            "ready", "Whether a dependency of the server is available: 1 or 0.", "check"
        )

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"cellblock_{name}", words, labels, registry=self.registry)

    def _gauge(self, name: str, words: str, *labels: str) -> Gauge:
        return Gauge(f"cellblock_{name}", words, labels, registry=self.registry)

    def _histogram(
        self, name: str, words: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(
            f"cellblock_{name}", words, labels, registry=self.registry, buckets=buckets
        )


def version() -> str:
    """Return the version of this release."""
    return importlib.metadata.version("cellblock")
