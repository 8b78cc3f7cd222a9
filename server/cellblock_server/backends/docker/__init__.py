"""The Docker backend: each sandbox is a hardened container."""
