"""Events of a kernel's output, for the running execution or for none."""

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.contexts.execution import Execution
from cellblock_agent.kernel.connection import Message
from cellblock_agent.output import translate
from cellblock_agent.output.journal import Journal
from cellblock_agent.output.limits import OutputMeter

BACKGROUND_LIMITS = pb.OutputLimits(
    max_text_bytes=2**20,
    max_rich_bytes=2**20,
    max_image_bytes=2**20,
    max_image_pixels=10**7,
    max_images=10,
    max_events=1000,
)
"""Limits of output between executions that the server has not stored yet."""


class OutputRecorder:
    """Recorder of output, with a meter for each execution and one for background output."""

    def __init__(self, journal: Journal) -> None:
        """Append events to `journal`."""
        self._journal = journal
        self._background = OutputMeter(BACKGROUND_LIMITS)

    def record_message(self, message: Message, current: Execution | None) -> None:
        """Record a message of the kernel while `current` runs."""
        execution = current
        if execution is not None and translate.parent_of(message) != execution.message_id:
            execution = None
        if execution is not None and translate.is_begin(message):
            execution.note_begin(translate.nanos_of(message))
        if execution is not None and translate.is_idle(message):
            execution.note_idle()
        event = translate.event_of(message)
        if event is None:
            return
        if execution is not None:
            if event.HasField("stream_text"):
                execution.kept.write(event.stream_text.text)
            meter, execution_id = execution.meter, execution.id
        else:
            if self._journal.is_empty:
                for left in self._background.finish():
                    self._journal.append(left)
                self._background = OutputMeter(BACKGROUND_LIMITS)
            meter, execution_id = self._background, ""
        for admitted in meter.admit(event):
            admitted.execution_id = execution_id
            if self._journal.append(admitted):
                meter.count_event()

    def record_error(self, execution: Execution) -> None:
        """Record the exception that ended the code, which the kernel's reply has."""
        error = translate.error_of(execution.reply or {})
        for admitted in execution.meter.admit(error) if error else ():
            admitted.execution_id = execution.id
            self._journal.append(admitted)

    def finish_execution(self, execution: Execution) -> None:
        """Record the rest of an execution's output; no output of it may follow."""
        for event in execution.meter.finish():
            event.execution_id = execution.id
            self._journal.append(event)
