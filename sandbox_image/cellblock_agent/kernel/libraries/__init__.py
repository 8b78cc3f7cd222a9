"""Adaptations of libraries that users import: images reach the execution, and noise is left out.

Each module here adapts one module of a library, right after code has imported it.
"""
