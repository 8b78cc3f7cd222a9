"""Ids that a message names, for the audit log and traces. Nothing else of the message."""

import re
from collections.abc import Mapping
from typing import Any

from google.protobuf.message import Message

from cellblock_server.tenants.tenants import TENANT_ID

_NAME = r"[A-Za-z0-9_-]{1,64}"
FORMS: Mapping[str, re.Pattern[str]] = {
    "session_id": re.compile(rf"sess_{_NAME}"),
    "execution_id": re.compile(rf"call_{_NAME}"),
    "step_id": re.compile(rf"step_{_NAME}"),
    "run_id": re.compile(rf"run_{_NAME}"),
    "file_id": re.compile(rf"file-{_NAME}"),
    "upload_id": re.compile(rf"upload_{_NAME}"),
    "key_id": re.compile(rf"key_{_NAME}"),
    "tenant_id": TENANT_ID,
}
"""Fields that contain ids. Text that does not have the form of an id is left out."""
THINGS = {
    "Session": "session_id",
    "Execution": "execution_id",
    "File": "file_id",
    "Key": "key_id",
    "Tenant": "tenant_id",
}
"""Messages whose `id` is recorded."""


def subjects_of(message: Any) -> dict[str, str]:  # noqa: ANN401 - any message
    """Return the ids that a message names, itself or one level below."""
    found: dict[str, str] = {}
    if not isinstance(message, Message):
        return found
    for field, value in message.ListFields():
        if isinstance(value, Message):
            _add(found, THINGS.get(value.DESCRIPTOR.name, ""), getattr(value, "id", ""))
            for inner, inner_value in value.ListFields():
                _add(found, inner.name, inner_value)
        else:
            _add(found, field.name, value)
    return found


def _add(found: dict[str, str], name: str, value: object) -> None:
    form = FORMS.get(name)
    if form is not None and isinstance(value, str) and form.fullmatch(value):
        found.setdefault(name, value)
