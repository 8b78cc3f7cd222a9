"""Connections of callers: who is at the other end, how many there are, and which are ended."""
