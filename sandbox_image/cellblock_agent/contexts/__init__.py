"""Contexts: each runs executions in its kernel, one at a time, and reports their output."""
