"""The code in docs/client.md does what the page says: all of it runs."""

import re

import pytest

from tests.integration.examples.program import EXAMPLES, Program

PAGE = (EXAMPLES.parent / "docs" / "client.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_there_is_code() -> None:
    assert len(BLOCKS) == 4


@pytest.mark.parametrize("code", BLOCKS, ids=range(len(BLOCKS)))
def test_it_runs(program: Program, code: str) -> None:
    path = program.folder / "block.py"
    path.write_text(code)
    done = program.run(str(path))
    assert (done.returncode, done.stderr) == (0, "")
