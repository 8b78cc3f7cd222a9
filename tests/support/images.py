"""The sandbox images of this release."""

import importlib.metadata
import json
import os

FULL = f"cellblock-sandbox:{importlib.metadata.version('cellblock')}"
CORE = f"{FULL}-core"
"""Smaller image for tests that need no more: its sessions start sooner."""
ENVIRONMENT = {
    "CELLBLOCK_SANDBOX__IMAGE": CORE,
    "CELLBLOCK_SANDBOX__ALLOWED_IMAGES": json.dumps([FULL]),
    # A test's own containers are all there are.
    "CELLBLOCK_POOL__SIZE": "0",
    "CELLBLOCK_POOL__MAX_SIZE": "0",
}
"""Environment of servers that tests start."""


def runtime() -> str:
    """Return the OCI runtime to test with; empty for the engine's default."""
    return os.environ.get("CELLBLOCK_SANDBOX__RUNTIME", "")
