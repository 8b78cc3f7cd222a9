"""Configuration: every key is declared once, in the file of its part; `load.py` reads them."""

from cellblock_server.config.load import (
    Configuration,
    ConfigurationError,
    load,
    read_configuration,
)
from cellblock_server.config.settings import Settings

__all__ = ["Configuration", "ConfigurationError", "Settings", "load", "read_configuration"]
