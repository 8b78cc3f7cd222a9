"""Configuration: every key is declared once, in `settings.py`; `load.py` reads it."""

from cellblock_server.config.load import ConfigurationError, load
from cellblock_server.config.settings import Settings

__all__ = ["ConfigurationError", "Settings", "load"]
