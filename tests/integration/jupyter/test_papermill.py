"""papermill runs a notebook with parameters."""

from pathlib import Path

import nbformat
import papermill
from nbformat.v4 import new_code_cell, new_notebook


def test_a_notebook_runs_with_parameters(installed: str, tmp_path: Path) -> None:
    notebook = new_notebook(
        cells=[
            new_code_cell("rows = 1", metadata={"tags": ["parameters"]}),
            new_code_cell("print(rows * 2)"),
        ],
        metadata={"kernelspec": {"name": installed, "display_name": "", "language": "python"}},
    )
    given, made = tmp_path / "in.ipynb", tmp_path / "out.ipynb"
    nbformat.write(notebook, given)
    papermill.execute_notebook(given, made, parameters={"rows": 21}, progress_bar=False)
    cells = nbformat.read(made, as_version=4).cells
    assert [cell.source for cell in cells[:2]] == ["rows = 1", "# Parameters\nrows = 21\n"]
    assert cells[2].outputs[0].text == "42\n"
