"""Helpers without a domain that every room may use: errors, ids, time, waiting, tasks."""
