"""Times of the console, which no operator sets."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ConsoleTimings:
    """Times of what a browser reads and sends, in seconds."""

    call: float = 150.0
    """Longest call that is no stream: a session may have to wait for its sandbox."""
    beat: float = 15.0
    """Without news, until an empty event is sent, by which a browser that is gone is noticed."""
    write: float = 30.0
    """Longest wait for a browser to take what is sent. The rest waits in the store, not here."""
    read: float = 60.0
    """Longest wait for the next piece of an upload."""
