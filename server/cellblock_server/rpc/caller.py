"""Who calls."""

DEFAULT_TENANT = "default"
"""Owner of all there is until API keys name others; the listener is local until then."""
