"""What a sandbox may say in one execution before it is taken for a hostile one."""

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_server.agent.checks import ProtocolViolationError
from cellblock_server.recording.translate import image_of

SLACK = 2
"""Our agents stay well below this times their limits."""
SLACK_BYTES = 2**20
SLACK_EVENTS = 10_000
"""For what has no limit of its own: errors, the end."""
MAX_METADATA_BYTES = 2**16
"""Of a display's metadata. They are parsed here, and JSON takes many times its size then."""
MAX_ERROR_BYTES = 2**18
"""Of an exception; our agents tell at most 65,536 bytes each of its name, message and traceback."""


class Allowance:
    """Counts down what is left of one execution's bounds.

    The agent holds the code to its limits. This holds the agent to them, in case
    user code has got hold of it: the server's disk is not its to fill.
    """

    def __init__(self, limits: pb.OutputLimits) -> None:
        """Allow twice what `limits` say, and as many images."""
        self._limits = limits
        self._text = SLACK_BYTES + SLACK * limits.max_text_bytes
        self._rest = SLACK_BYTES + SLACK * limits.max_rich_bytes
        self._events = SLACK_EVENTS + SLACK * limits.max_events
        self._images = limits.max_images

    def spend(self, event: pb.Event) -> None:
        """Take an event from it. Raises ProtocolViolationError once nothing is left."""
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
                pass  # it comes once, and names files
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
