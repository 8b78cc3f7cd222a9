# Generated from `client/cellblock_client/_async/__init__.py` by `make client`: change that.
"""One of the two clients: `_sync` is generated from `_async`."""
