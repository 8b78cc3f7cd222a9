"""The rules of sessions: made whole or not at all, ended for a reason, never forgotten silently."""
