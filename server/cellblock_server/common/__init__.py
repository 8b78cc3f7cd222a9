"""Helpers that every package may use: errors, ids, time, waiting, tasks."""
