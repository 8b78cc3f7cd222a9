"""Write docs/cli.md from the command's own help.

python scripts/generate_cli_docs.py
"""

import inspect
from pathlib import Path
from typing import Any

from cellblock_client.cli.app import commands, walk
from cellblock_client.cli.examples import EXAMPLES
from cellblock_client.cli.settings import SETTINGS

TARGET = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
HEAD = """\
# The command

<!-- Made by `make docs` from client/cellblock_client/cli/. -->

`cellblock` runs code in sandboxes and looks at what it did. Each command has `--help`. Install it
with `pip install 'cellblock[cli]'`, with pictures on terminals that show sixels as
`'cellblock[cli,sixel]'`, and with a server as `'cellblock[cli,server]'`.

## Exit codes

| code | when |
| --- | --- |
| 0 | it did what it was asked to; of `run`: the code ran to its end |
| 1 | `run`: the code raised an exception |
| 2 | it was not done: wrong arguments, a refusal, no server; one line on standard error says why |
| 3 | `run`: a limit or a fault ended the code; `repl`: the session ended |
| 130 | Ctrl-C |
| 141 | whoever read standard output left, as `head` does: nothing is said of it |

## Output

What was asked for is on standard output, all else on standard error. Lists and single things are
tables for people, or with `--json` a JSON object a line. Colours are for terminals: `NO_COLOR=1`
turns them off, `FORCE_COLOR=1` on, and of both `NO_COLOR` counts.

Pictures are shown in kitty, Ghostty, iTerm2 and WezTerm, and as sixels in foot, mlterm, Contour and
yaft where Pillow is installed (`cellblock[sixel]`); elsewhere, and within tmux or screen, they are
named by the path that they were saved at. Where the environment does not tell which terminal it is,
as over ssh, the setting `pictures` does.

## Settings

A value comes from the first of these that has it: an option, an environment variable, the table
`[client]` of the configuration file, the default. The file is
`$XDG_CONFIG_HOME/cellblock/config.toml` (`~/.config/cellblock/config.toml`), or the one that
`CELLBLOCK_CONFIG` names; the server's settings are in other tables of it. `cellblock config`
shows each value and where it comes from.

```toml
[client]
address = "127.0.0.1:7711"
api_key_file = "~/.config/cellblock/key"
output = "json"
```

"""
COMPLETION = """
What was typed in the REPL is kept in `$XDG_STATE_HOME/cellblock/repl-history`
(`~/.local/state/cellblock/repl-history`), which only you can read, up to 1 MiB.

## Completion

`cellblock --install-completion` sets up Tab for bash, zsh, fish or PowerShell;
`--show-completion` prints what it would set up. Ids of sessions and files are asked from the
server that the settings or `--address` name, if it answers within a second.

## The REPL

`cellblock repl` starts a session, and a server if none is named; `cellblock repl SESSION` goes on
in one that exists, shows its state and limits, and leaves it alive. Enter runs what the session's
kernel says is complete, and Alt-Enter begins another line. Tab completes, `name?` or F1 explains,
`name??` shows the source: the kernel is asked, and nothing is executed. Ctrl-C interrupts the
code, or clears what is typed. `%help` lists the REPL's own commands, such as `%upload` and
`%limits`; every other magic and `!command` is the kernel's. Ctrl-D leaves: a session that was
made is deleted, unless `--keep` was given.
"""


def reference() -> str:
    """The whole document."""
    parts = [HEAD, "| key | variable | what it is |\n| --- | --- | --- |\n"]
    parts += [f"| `{one.name}` | `{one.variable}` | {one.help} |\n" for one in SETTINGS.values()]
    parts += [COMPLETION, "\n## Commands\n"]
    parts += [_command(name, command) for name, command in walk(commands())]
    return "".join(parts)


def _command(name: str, command: Any) -> str:  # noqa: ANN401 - Typer's own
    full = f"cellblock {name}".strip()
    words = inspect.cleandoc(command.help or "")
    parts = [f"\n### {full}\n\n{words}\n"]
    rows = [_row(param) for param in command.params if not getattr(param, "hidden", False)]
    if rows:
        parts.append("\n| | |\n| --- | --- |\n" + "".join(rows))
    examples = "\n".join(f"$ {line}" for line in EXAMPLES[name])
    parts.append(f"\n```console\n{examples}\n```\n")
    return "".join(parts)


def _row(param: Any) -> str:  # noqa: ANN401
    if param.param_type_name == "argument":
        name = param.metavar or param.name.upper()
    else:
        name = ", ".join(param.opts + param.secondary_opts)
        if param.metavar:
            name += f" {param.metavar}"
    words = " ".join((param.help or "").split()).replace("|", "\\|")
    return f"| `{name.replace('|', chr(92) + '|')}` | {words} |\n"


if __name__ == "__main__":
    TARGET.write_text(reference())
