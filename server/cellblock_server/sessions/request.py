"""Requests for new sessions, checked against the operator's limits."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from cellblock_server.common.errors import InvalidArgumentError, OutOfRangeError
from cellblock_server.common.ids import check_id
from cellblock_server.common.plain_text import check_plain
from cellblock_server.config import Settings
from cellblock_server.executions.environment import check_environment

MAX_LABELS = 16
MAX_LABEL_KEY = 64
MAX_LABEL_VALUE = 512
MAX_THREAD_ID = 256
REQUEST_ID = re.compile(r"[\x20-\x7e]{1,128}")


@dataclass(frozen=True)
class AttachmentRequest:
    """A file to attach to a new session."""

    file_id: str
    filename: str
    unpack: bool


@dataclass(frozen=True)
class NewSession:
    """A request for a session; zero and empty fields mean the default."""

    request_id: str = ""
    session_id: str = ""
    thread_id: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    memory_bytes: int = 0
    cpus: float = 0
    pids: int = 0
    data_bytes: int = 0
    tmp_bytes: int = 0
    idle_timeout: timedelta | None = None
    lifetime: timedelta | None = None
    """The inactivity limit. The name is part of `digest`, and so of stored requests."""
    environment: dict[str, str] = field(default_factory=dict)
    attachments: tuple[AttachmentRequest, ...] = ()
    image: str = ""
    runtime: str = ""
    network: str = ""

    def digest(self) -> str:
        """Return a digest that detects another request with the same request id."""
        plain = json.dumps(asdict(self), sort_keys=True, default=str)
        return hashlib.sha256(plain.encode()).hexdigest()

    def check(self, settings: Settings) -> None:
        """Raise InvalidArgumentError or OutOfRangeError for the first bad field."""
        if self.request_id and not REQUEST_ID.fullmatch(self.request_id):
            raise InvalidArgumentError("request_id", "must be 1 to 128 printable ASCII characters")
        if self.session_id:
            check_id("session_id", self.session_id, "sess_")
        if len(self.thread_id) > MAX_THREAD_ID:
            raise OutOfRangeError(
                "thread_id",
                f"must be at most {MAX_THREAD_ID} characters, got {len(self.thread_id)}",
            )
        check_plain("thread_id", self.thread_id)
        check_labels(self.labels)
        check_environment(self.environment)
        most = settings.files.max_attachments
        if len(self.attachments) > most:
            raise OutOfRangeError(
                "attachments", f"must be at most {most}, got {len(self.attachments)}"
            )
        _check_choice("image", self.image, settings.sandbox.image, settings.sandbox.allowed_images)
        _check_choice(
            "runtime", self.runtime, settings.sandbox.runtime, settings.sandbox.allowed_runtimes
        )
        _check_choice(
            "network", self.network, settings.sandbox.network, settings.sandbox.allowed_networks
        )


def check_labels(labels: dict[str, str]) -> None:
    """Raise OutOfRangeError for too many or too long labels, InvalidArgumentError for bad text."""
    if len(labels) > MAX_LABELS:
        raise OutOfRangeError("labels", f"must be at most {MAX_LABELS}, got {len(labels)}")
    for key, value in labels.items():
        if not 1 <= len(key) <= MAX_LABEL_KEY:
            raise OutOfRangeError(
                f"labels[{key[:80]!r}]", f"a key is 1 to {MAX_LABEL_KEY} characters"
            )
        if len(value) > MAX_LABEL_VALUE:
            raise OutOfRangeError(
                f"labels[{key!r}]",
                f"a value is at most {MAX_LABEL_VALUE} characters, got {len(value)}",
            )
        check_plain(f"labels[{key!r}]", key)
        check_plain(f"labels[{key!r}]", value)


def check_span(
    name: str, value: timedelta | None, default: timedelta, most: timedelta
) -> timedelta:
    """Return a timeout. Raises OutOfRangeError unless it is over zero and at most `most`."""
    if value is None:
        return default
    if not timedelta(0) < value <= most:
        raise OutOfRangeError(
            name,
            f"must be over 0 s and at most {most.total_seconds():g} s, "
            f"got {value.total_seconds():g} s",
        )
    return value


def _check_choice(name: str, value: str, default: str, allowed: Sequence[str]) -> None:
    choices = [default, *allowed]
    if value and value not in choices:
        raise InvalidArgumentError(
            name, f"must be one of {', '.join(map(repr, choices))}, got {value[:200]!r}"
        )
