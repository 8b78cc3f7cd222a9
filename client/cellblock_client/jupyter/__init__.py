"""Notebooks in sandboxes: a kernel for Jupyter's programs, and its provisioner.

`jupyter_client` finds `provisioner.py` by its entry point. The provisioner creates the session and
starts `kernel.py`, a Jupyter kernel in a process of its own, which runs its cells in the session.
Needs the extra `jupyter`.
"""
