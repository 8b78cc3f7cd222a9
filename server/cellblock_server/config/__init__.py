"""Configuration: every key is declared once, in the file of its part; `load.py` reads them."""

from cellblock_server.config.load import ConfigurationError, load
from cellblock_server.config.settings import Settings

__all__ = ["ConfigurationError", "Settings", "load"]
