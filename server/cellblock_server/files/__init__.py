"""Files: bytes by their hash, metadata in the store, names that are safe everywhere."""
