"""Processes of the sandbox: reaping, ending, helpers and memory."""
