"""Notifications of a service manager, as systemd's services of `Type=notify` send them.

Source: sd_notify(3).
"""

import os
import socket

import structlog

SOCKET = "NOTIFY_SOCKET"
"""Variable with the service manager's socket; without it nothing is sent."""
READY, STOPPING = b"READY=1", b"STOPPING=1"

log = structlog.get_logger(__name__)


def notify_service_manager(word: bytes) -> None:
    """Send `READY` or `STOPPING`. A failure to send it is only logged."""
    name = os.environ.get(SOCKET)
    if not name:
        return
    # An abstract name is written with @ for its first byte, which is 0.
    address = f"\0{name[1:]}" if name.startswith("@") else name
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as notifier:
            notifier.sendto(word, address)
    except OSError as error:
        log.warning("service_manager_not_told", socket=name, problem=str(error))
