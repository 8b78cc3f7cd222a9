"""Time limits of a remote blob store that are not configurable, without an import of obstore."""

from dataclasses import dataclass


@dataclass(frozen=True)
class S3Timings:
    """Time limits of requests to an S3-compatible store, in seconds."""

    connect: float = 5.0
    """Time limit of a connection attempt."""
    answer: float = 30.0
    """Time limit of a request with its body, which has at most `PART_BYTES`."""
    retry: float = 30.0
    """Time in which retries begin: with the time of the last attempt it bounds a call."""
    first_pause: float = 0.1
    """Pause before the second attempt; it doubles with each further one."""
    longest_pause: float = 5.0
    silence: float = 30.0
    """Longest time without a response while bytes are put or read, retries included."""
    doubt: float = 60.0
    """Time for which an unacknowledged deletion may still happen, so the bytes are not stored."""
