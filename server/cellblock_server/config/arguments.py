"""Command-line options that set keys of the configuration."""

import argparse
from pathlib import Path
from typing import get_args

from cellblock_server.config.origins import Values
from cellblock_server.config.profiles import Profile

KEYS = (("server", "listen"), ("server", "state_dir"), ("sandbox", "backend"))
"""Sections and keys that have an option."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add these options, and the option for the configuration file."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="the configuration file")
    parser.add_argument(
        "--profile",
        choices=get_args(Profile),
        help="defaults for one person's laptop, a team's machine, or a server with many tenants",
    )
    parser.add_argument("--listen", metavar="ADDRESS", help="host:port or unix:/path")
    parser.add_argument("--state-dir", metavar="FOLDER", help="database, files and sockets")
    parser.add_argument("--backend", help="docker or local")


def given(options: argparse.Namespace) -> Values:
    """Return the values of the given options, by sections."""
    found: Values = {} if options.profile is None else {"profile": options.profile}
    for section, key in KEYS:
        if (value := getattr(options, key)) is not None:
            found.setdefault(section, {})[key] = value
    return found
