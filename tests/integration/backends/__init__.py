"""Conformance suite of backends: what `Backend` says of each method holds for all of them.

A new backend is a function in `conftest.py` that makes one, and a line in `BACKENDS`.
"""
