"""A shell with a folder of its own, in which commands of the pages run."""

import contextvars
import io
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from cellblock_client.cli.app import main

SECONDS = 60
SHELL_WORDS = set("|<>$;&`(){}*~\n")
"""Characters with a meaning for a shell."""
OWN_PROCESS = {"backup", "jupyter", "serve"}
"""Commands that become another program, or write where this process remembers a home to be."""
KEEP = "set -o allexport\n{command}\ncode=$?\nenv -0 >{environment}\nexit $code\n"
"""Variables that a command sets are there for the next one."""


@dataclass(frozen=True)
class Done:
    """Output and exit code of a command."""

    code: int
    said: str
    """Text on standard output and standard error."""


class SampleShell:
    """Runs one command after the other."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = dict(environment)

    def run(self, command: str, stdin: str = "") -> Done:
        """Run a command like a shell."""
        words = [] if SHELL_WORDS & set(command) else shlex.split(command, comments=True)
        if len(words) > 1 and words[0] == "cellblock" and words[1] not in OWN_PROCESS:
            return self._in_this_process(words[1:], stdin)
        return self._by_bash(command, stdin)

    def _in_this_process(self, arguments: list[str], stdin: str) -> Done:
        """Run the program in this process: its start takes longer than most commands."""
        said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        before = Path.cwd()
        os.chdir(self._folder)
        try:
            with (
                patch.dict(os.environ, self._environment, clear=True),
                patch.object(sys, "argv", ["cellblock", *arguments]),
                patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()))),
                redirect_stdout(said),
                redirect_stderr(said),
            ):
                code = contextvars.copy_context().run(main)
        finally:
            os.chdir(before)
        return Done(code, said.buffer.getvalue().decode())

    def _by_bash(self, command: str, stdin: str) -> Done:
        kept = self._folder / ".environment"
        done = subprocess.run(
            ["bash", "-c", KEEP.format(command=command, environment=kept)],
            check=False, cwd=self._folder, env=self._environment, input=stdin, timeout=SECONDS,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        variables = kept.read_text().split("\0")[:-1]
        self._environment = dict(line.split("=", 1) for line in variables)
        kept.unlink()
        return Done(done.returncode, done.stdout)
