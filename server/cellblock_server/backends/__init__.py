"""Backends make and remove sandboxes; `backend.py` is the interface."""
