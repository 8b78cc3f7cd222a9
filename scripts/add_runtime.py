"""Add an OCI runtime to an engine's daemon.json, and leave all else in it as it is.

    add_runtime.py DAEMON_JSON NAME PATH [ARGUMENT …]

Stdlib only: it runs before there is a virtualenv.
"""

import json
import os
import sys
from pathlib import Path

MODE = 0o644


def merged(text: str, name: str, path: str, arguments: list[str]) -> str:
    """Return the file's new text; the same text if it already has that runtime.

    Raises ValueError if the file is not what an engine would accept.
    """
    options = json.loads(text) if text.strip() else {}
    if not isinstance(options, dict) or not isinstance(options.get("runtimes", {}), dict):
        raise ValueError("it is not an object with an object of runtimes")  # noqa: TRY004
    runtimes = options.setdefault("runtimes", {})
    if name in runtimes:
        return text
    runtimes[name] = {"path": path, "runtimeArgs": arguments}
    return json.dumps(options, indent=4, ensure_ascii=False) + "\n"


def main(file: Path, name: str, path: str, arguments: list[str]) -> int:
    """Change the file in one step; the exit code."""
    text = file.read_text() if file.exists() else ""
    try:
        after = merged(text, name, path, arguments)
    except ValueError as error:
        print(f"{file} is left as it is: {error}", file=sys.stderr)
        return 1
    if after != text:
        file.parent.mkdir(parents=True, exist_ok=True)
        mode = file.stat().st_mode & 0o777 if file.exists() else MODE
        new = file.with_name(f".{file.name}.{os.getpid()}")
        new.write_text(after)
        new.chmod(mode)
        # An engine that reads it meanwhile sees the old or the new, never a half.
        new.replace(file)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]))
