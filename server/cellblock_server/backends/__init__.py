"""Backends create and remove sandboxes; `backend.py` is the interface."""
