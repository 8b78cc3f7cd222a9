"""Processes of the sandbox: reaping, killing, helpers and memory."""
