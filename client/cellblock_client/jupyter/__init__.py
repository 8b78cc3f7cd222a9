"""Notebooks in sandboxes: a kernel for Jupyter's programs, and what starts it.

`provisioner.py` is what `jupyter_client` finds by its entry point: it makes the session and
starts `kernel.py`, a Jupyter kernel in a process of its own, which has the session run what it
is asked to run. Needs the extra `jupyter`.
"""
