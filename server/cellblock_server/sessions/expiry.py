"""Expiry of sessions: pure functions over their records."""

from datetime import datetime, timedelta

from cellblock_server.store.records import EndReason, SessionRecord


def expire_time(session: SessionRecord, cap: timedelta) -> datetime:
    """Return when the session ends if nothing more happens; `cap` is the maximum age."""
    return min(when for when, _reason, _text in _ends(session, cap))


def earliest_expiry(session: SessionRecord, cap: timedelta, *, busy: bool) -> datetime:
    """Return the earliest time at which the session may expire."""
    return session.create_time + cap if busy else expire_time(session, cap)


def due(
    session: SessionRecord, cap: timedelta, now: datetime, *, busy: bool
) -> tuple[EndReason, str] | None:
    """Return why the session has expired; None if it hasn't.

    Only the maximum age ends a session that runs code.
    """
    for when, reason, text in sorted(_ends(session, cap)):
        capped = when == session.create_time + cap
        if when <= now and (capped or not busy):
            return reason, text
    return None


def _ends(session: SessionRecord, cap: timedelta) -> list[tuple[datetime, EndReason, str]]:
    idle, lifetime = session.idle_timeout, session.lifetime
    return [
        (
            session.last_alive_time + idle,
            EndReason.IDLE_TIMEOUT,
            f"idle for {idle.total_seconds():g} s",
        ),
        (
            session.last_use_time + lifetime,
            EndReason.LIFETIME,
            f"not used for {lifetime.total_seconds():g} s, its inactivity limit",
        ),
        (
            session.create_time + cap,
            EndReason.LIFETIME,
            f"{cap.total_seconds():g} s old, the most that the operator allows",
        ),
    ]
