"""Write docs/reference/cli.md from the command's own help.

python scripts/generate_cli_docs.py
"""

import inspect
from pathlib import Path
from typing import Any

from cellblock_client.cli.app import commands, walk
from cellblock_client.cli.examples import EXAMPLES
from cellblock_client.cli.settings import SETTINGS

TARGET = Path(__file__).resolve().parent.parent / "docs" / "reference" / "cli.md"
HEAD = """\
# CLI

<!-- Made by `make docs` from client/cellblock_client/cli/. -->

`cellblock` runs code in sandboxes and inspects the results. Each command has `--help`.
[Install](../start/install.md#with-pip) it with the extra `cli`.

## Exit codes

| code | when |
| --- | --- |
| 0 | Success; `run`: the code ran to its end |
| 1 | `run`: the code raised an exception |
| 2 | The command failed: wrong arguments, a refusal, no server. Standard error says why |
| 3 | `run`: a limit or a fault ended the code; `repl`: the session ended |
| 130 | Ctrl-C |
| 141 | The reader of standard output closed it, as `head` does; no message is printed |

## Output

Results are written to standard output, everything else to standard error. Lists and single
resources are printed as tables, or with `--json` as one JSON object per line. Colours are used on
terminals only: `NO_COLOR=1` turns them off, `FORCE_COLOR=1` on; `NO_COLOR` wins.

Images are shown in kitty, Ghostty, iTerm2 and WezTerm, and as sixels in foot, mlterm, Contour and
yaft with the extra `sixel`. Elsewhere, and within tmux or screen, they are saved, and their path is
printed. If the environment doesn't say which terminal it is, as over ssh, set `CELLBLOCK_PICTURES`.

## Settings

A value comes from the first of these that has it: an option, an environment variable, the table
`[client]` of the configuration file, the default. The file is
`$XDG_CONFIG_HOME/cellblock/config.toml` (`~/.config/cellblock/config.toml`), or the one that
`CELLBLOCK_CONFIG` names. Its other tables are the [server's](configuration.md). `cellblock config`
shows each value and its source.

```toml
[client]
address = "127.0.0.1:7711"
api_key_file = "~/.config/cellblock/key"
output = "json"
```

"""
COMPLETION = """
The REPL's history is in `$XDG_STATE_HOME/cellblock/repl-history`
(`~/.local/state/cellblock/repl-history`), which only you can read, up to 1 MiB.

## Completion

`cellblock --install-completion` sets up Tab for bash, zsh, fish or PowerShell;
`--show-completion` prints the script. Ids of sessions and files come from the
server that the settings or `--address` name, if it responds within a second.

## The REPL

`cellblock repl` creates a session, and starts a temporary server if no address is set.
`cellblock repl SESSION` continues in an existing session, shows its state and limits, and leaves it
alive. Ctrl-D exits, and deletes a session that the REPL created, unless you pass `--keep`.

| key or text | what it does |
| --- | --- |
| Enter | Runs the code when the session's kernel says that it is complete |
| Alt-Enter | Begins another line |
| Tab | Completes; nothing is executed |
| `name?` or F1, `name??` | Explains a name, shows its source; nothing is executed |
| Ctrl-C | Interrupts the code, or clears the input |
| `%help` | Lists the REPL's own commands, such as `%upload` and `%limits` |
| other magics, `!command` | Run in the kernel |
"""


def reference() -> str:
    """Return the whole document."""
    parts = [HEAD, "| key | variable | meaning |\n| --- | --- | --- |\n"]
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
