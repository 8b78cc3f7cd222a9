"""Cells and expectations are read from a program's comments."""

from pathlib import Path

from tests.corpus.program import Cell, Expectation, Program, all_programs

TWO_CELLS = """\
# /// session
# environment = {TZ = "Asia/Tokyo"}
# ///
# /// expect
# stdout = "1\\n"
# ///
print(1)
# %% the second
# /// expect
# images = 2
# files = ["a.png"]
# ///
show()
"""


def test_cells_are_split_and_their_blocks_removed(tmp_path: Path) -> None:
    path = tmp_path / "two.py"
    path.write_text(TWO_CELLS)
    program = Program(path)
    assert program.setup.environment == {"TZ": "Asia/Tokyo"}
    assert program.cells == [
        Cell("print(1)\n", Expectation(stdout="1\n")),
        Cell("show()\n", Expectation(images=2, files=["a.png"])),
    ]


def test_every_program_can_be_read() -> None:
    for program in all_programs():
        assert program.cells, program.name
        assert all(path.exists() for path in program.setup.paths), program.name
