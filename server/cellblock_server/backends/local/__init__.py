"""The local backend: each sandbox is a process of this machine, for trusted code."""
