"""Kernels: their processes, the fork server that starts them, and the connection to them."""
