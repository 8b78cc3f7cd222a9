"""Bounds of the output of one execution, past which its sandbox is treated as hostile."""

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_server.agent.checks import ProtocolViolationError
from cellblock_server.recording.translate import image_of

SLACK = 2
"""Factor over the limits that no correct agent reaches."""
SLACK_BYTES = 2**20
SLACK_EVENTS = 10_000
"""Allowance for events without a limit of their own: errors, the end."""
MAX_METADATA_BYTES = 2**16
"""Maximum size of a display's metadata: JSON takes many times its size when it is parsed."""
MAX_ERROR_BYTES = 2**18
"""Maximum size of an exception; a correct agent sends at most 65,536 bytes of each of its parts:
name, message, traceback."""


class Allowance:
    """Counts down what is left of one execution's bounds.

    The agent enforces the limits on code. This enforces them on the agent, in case user code
    controls it: it must not fill the server's disk.
    """

    def __init__(self, limits: pb.OutputLimits) -> None:
        """Allow `SLACK` times the sizes in `limits`, and the number of images in them."""
        self._limits = limits
        self._text = SLACK_BYTES + SLACK * limits.max_text_bytes
        self._rest = SLACK_BYTES + SLACK * limits.max_rich_bytes
        self._events = SLACK_EVENTS + SLACK * limits.max_events
        self._images = limits.max_images

    def spend(self, event: pb.Event) -> None:
        """Subtract an event. Raises ProtocolViolationError once nothing is left."""
        size = event.ByteSize()
        self._events -= 1
        match event.WhichOneof("event"):
            case "stream_text":
                self._text -= size
            case "rich":
                self._rest -= size - self._image_bytes(event.rich)
            case "error" if size > MAX_ERROR_BYTES:
                raise ProtocolViolationError(f"an exception of {size} bytes")
            case "execution_finished":
                pass  # sent once, and only names files
            case _:
                self._rest -= size
        if min(self._text, self._rest, self._events) < 0:
            raise ProtocolViolationError("more output than it may show")

    def _image_bytes(self, rich: pb.Rich) -> int:
        if (size := len(rich.metadata_json.encode())) > MAX_METADATA_BYTES:
            raise ProtocolViolationError(f"a display with metadata of {size} bytes")
        found = image_of(rich)
        if found is None:
            return 0
        self._images -= 1
        size, most = len(found[1]), self._limits.max_image_bytes
        if self._images < 0 or size > most:
            raise ProtocolViolationError(f"an image too many, or of more than {most} bytes")
        return size
