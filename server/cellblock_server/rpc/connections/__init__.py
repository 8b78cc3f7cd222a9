"""Connections of callers: their peers, their number, and which are ended."""
