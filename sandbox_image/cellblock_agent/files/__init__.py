"""The agent's work on `/mnt/data`: reading, writing, archives and changes."""
