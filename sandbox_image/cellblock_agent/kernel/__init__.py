"""The kernel, the fork server that starts it, and the connection to it."""
