"""Time limits of the console that are not configurable."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ConsoleTimings:
    """Time limits of what a browser reads and sends, in seconds."""

    call: float = 150.0
    """Time limit of a unary call: a session may have to wait for its sandbox."""
    beat: float = 15.0
    """Time without news until an empty event is sent, to notice a browser that has disappeared."""
    write: float = 30.0
    """Time limit for a browser to read what is sent. The rest waits in the store, not here."""
    read: float = 60.0
    """Time limit for the next piece of an upload."""
