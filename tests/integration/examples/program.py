"""A run of an example."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

EXAMPLES = Path(__file__).parents[3] / "examples"
SECONDS = 150
"""The most that one may take."""


@dataclass
class Program:
    """Runs examples, with a server's address in the environment."""

    server: str
    folder: Path
    """Folder in which the programs run and write."""
    variables: dict[str, str] = field(default_factory=dict)
    """Further environment variables."""

    def command(self, name: str, *arguments: str) -> list[str]:
        """Text that a user types."""
        return [sys.executable, str(EXAMPLES / name), *arguments]

    @property
    def environment(self) -> dict[str, str]:
        """The environment with the server's address and a key that no model provider accepts."""
        ours = {"CELLBLOCK_ADDRESS": self.server, "OPENAI_API_KEY": "none"}
        return {**os.environ, **ours, **self.variables}

    def run(self, name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run one to its end."""
        return subprocess.run(
            self.command(name, *arguments),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
