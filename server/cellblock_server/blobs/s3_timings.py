"""Times of a blob store elsewhere, which no operator sets; apart, as obstore is an extra."""

from dataclasses import dataclass


@dataclass(frozen=True)
class S3Timings:
    """Times of requests to an S3-compatible store, in seconds."""

    connect: float = 5.0
    """Longest attempt to connect."""
    answer: float = 30.0
    """Longest request with its body, which has at most `PART_BYTES`."""
    retry: float = 30.0
    """After the first attempt, until nothing is tried again: with the last attempt's own time it
    bounds a call."""
    first_pause: float = 0.1
    """Before the second attempt; the pause doubles with each one."""
    longest_pause: float = 5.0
    silence: float = 30.0
    """Longest time without any answer while bytes are put or read, repetitions included."""
    doubt: float = 60.0
    """After a deletion without an answer, which may still be carried out: so long the same bytes
    are not stored."""
