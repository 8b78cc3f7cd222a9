"""How a server is reached."""

import os

ADDRESS_VARIABLE = "CELLBLOCK_ADDRESS"
DEFAULT_ADDRESS = "127.0.0.1:7711"
MAX_MESSAGE_BYTES = 64 * 2**20

OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    # Notice a server that vanished, while code runs silently too.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # A local server that restarts should be found again at once.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
]


def address_of(given: str | None) -> str:
    """The address to call: the one given, `CELLBLOCK_ADDRESS`, or the default."""
    return given or os.environ.get(ADDRESS_VARIABLE) or DEFAULT_ADDRESS
