"""One of the two clients: `_sync` is generated from `_async`."""
