"""Print the slowest tests, and the slowest directories, from the results that pytest wrote.

    python scripts/slowest_tests.py FOLDER

FOLDER has files of `pytest --junitxml`, one for each run. A test's seconds include those of the
fixtures that it was the first to need, and those spent waiting for the other workers' processes.
"""

import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

TESTS, PARTS = 20, 10
PART_DEPTH = 3
"""`tests/integration/docker` is a part, and so is `tests/unit/server`."""


def read_results(folder: Path) -> list[tuple[float, str, str]]:
    """Return the seconds, the module and the name of each test that ran."""
    found = []
    for file in sorted(folder.glob("*.xml")):
        for case in ElementTree.parse(file).iter("testcase"):  # noqa: S314 - pytest wrote it
            module = case.get("classname") or case.get("name") or ""
            name = f"{module.replace('.', '/')}::{case.get('name')}"
            run = "" if file.stem == "all" else f" ({file.stem})"
            found.append((float(case.get("time") or 0), module, name + run))
    return found


def part_of(module: str) -> str:
    """Return the directory of a test module, not deeper than that of a kind of test."""
    return "/".join(module.split(".")[:-1][:PART_DEPTH]) or module


def main() -> None:
    """Print both lists."""
    results = read_results(Path(sys.argv[1]))
    parts: Counter[str] = Counter()
    for seconds, module, _name in results:
        parts[part_of(module)] += seconds  # type: ignore[assignment] # it adds what it is given
    total = sum(seconds for seconds, _module, _name in results)
    print(f"{len(results)} tests took {total:.0f} s of the workers. The slowest directories:")
    for part, seconds in parts.most_common(PARTS):
        print(f"{seconds:8.1f} s  {part}")
    print("The slowest tests:")
    for seconds, _module, name in sorted(results, reverse=True)[:TESTS]:
        print(f"{seconds:8.1f} s  {name}")


if __name__ == "__main__":
    main()
