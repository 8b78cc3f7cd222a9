"""User ids of sandboxes: unique while the sandbox's container exists.

Linux counts some resources by user, across containers: descriptors in unread messages, queued
signals, memory of pipes, watches of epoll. With one user for all sandboxes, one could use up the
others'.
"""

import secrets
from collections.abc import Set
from datetime import timedelta

from cellblock_server.common.errors import ExhaustedError

RETRY_SECONDS = 10


class SandboxUsers:
    """A range of user ids, assigned in turn: the id used last is assigned last."""

    def __init__(self, first: int, last: int) -> None:
        """Assign ids from `first` to `last`, with a random start: other servers may do so, too."""
        self._first = first
        self._count = last - first + 1
        self._next = secrets.randbelow(self._count)
        self._users: dict[str, int] = {}
        """User id of each sandbox."""

    def take_user(self, sandbox_id: str) -> int:
        """Return a user id that no other sandbox has. Raises ExhaustedError."""
        used = set(self._users.values())
        for _ in range(self._count):
            user = self._first + self._next
            self._next = (self._next + 1) % self._count
            if user not in used:
                self._users[sandbox_id] = user
                return user
        raise ExhaustedError(
            "SESSION_LIMIT",
            f"all {self._count} user ids of sandboxes are in use; the operator can widen "
            "sandbox.users",
            timedelta(seconds=RETRY_SECONDS),
        )

    def note_user(self, sandbox_id: str, user: int) -> None:
        """Record the user id of an earlier server's container."""
        self._users[sandbox_id] = user

    def release_user(self, sandbox_id: str) -> None:
        """Release the id of a sandbox whose container is gone; nothing happens if it had none."""
        self._users.pop(sandbox_id, None)

    def release_all_but(self, sandbox_ids: Set[str]) -> None:
        """Release the ids of all sandboxes except these, whose containers may still exist."""
        for gone in self._users.keys() - sandbox_ids:
            del self._users[gone]
