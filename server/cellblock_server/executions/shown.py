"""Executions as callers see them: the events that the journal stores, and the outputs so far.

Events and outputs are messages of the API: they are stored and sent as they are, and copying each
of them into another class would cost time for every line that code prints.
"""

from dataclasses import dataclass
from typing import TypeAlias

from cellblock.v1 import execution_pb2 as pb
from cellblock_server.executions.outputs import outputs_of
from cellblock_server.journal.execution_messages import execution_message
from cellblock_server.journal.journal import Journal
from cellblock_server.store.records import ExecutionRecord

ExecutionEvent: TypeAlias = pb.ExecutionEvent
Output: TypeAlias = pb.Output


@dataclass(frozen=True)
class ShownExecution:
    """An execution with its outputs so far."""

    record: ExecutionRecord
    outputs: list[Output]

    @property
    def size(self) -> int:
        """Approximate number of bytes that it takes in a response."""
        return execution_message(self.record).ByteSize() + sum(
            output.ByteSize() for output in self.outputs
        )


async def show_execution(journal: Journal, record: ExecutionRecord) -> ShownExecution:
    """Return an execution with the outputs that its events show."""
    return ShownExecution(record, await outputs_of(journal.read(record)))


def is_last_event(event: ExecutionEvent) -> bool:
    """Whether the execution ends with this event."""
    return event.HasField("completed")
