"""Folder on the host that a sandbox shares with the server, for backends that have one."""
