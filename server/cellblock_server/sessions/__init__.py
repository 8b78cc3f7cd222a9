"""The rules of sessions: made whole or not at all, and ended for a reason."""
