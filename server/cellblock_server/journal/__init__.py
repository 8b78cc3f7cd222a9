"""The journal stores each event of an execution before any caller sees it."""
