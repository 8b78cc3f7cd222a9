"""The `cellblock` command."""
