"""Subclasses and patches that depend on private APIs of ipykernel, IPython, pyzmq and threading.

`tests/unit/agent/test_upstream_apis.py` names the versions that they were written for, and fails
when one of these APIs changes.
"""
