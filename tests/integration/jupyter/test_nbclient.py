"""nbclient, which nbconvert and papermill use, executes a notebook."""

import base64
import io
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image as Picture

SECONDS = 50
WEATHER = (
    "import pandas as pd\nweather = pd.DataFrame({'day': [1, 2], 'rain': [0.5, 2.5]})\nweather"
)


async def test_a_notebook_with_a_table_a_figure_and_an_error(
    installed: str, tmp_path: Path
) -> None:
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# Rain"),
            new_code_cell(WEATHER),
            new_code_cell("weather.plot.bar(x='day', y='rain');"),
            new_code_cell("weather.snow", metadata={"tags": ["raises-exception"]}),
            new_code_cell("print(weather.rain.sum(), 'mm')"),
        ]
    )
    await NotebookClient(notebook, kernel_name=installed, timeout=SECONDS).async_execute()
    nbformat.validate(notebook)
    table, figure, error, total = (cell.outputs[0] for cell in notebook.cells[1:])
    assert "<table" in table.data["text/html"]
    with Picture.open(io.BytesIO(base64.b64decode(figure.data["image/png"]))) as picture:
        assert picture.format == "PNG"
    assert (error.output_type, error.ename) == ("error", "AttributeError")
    assert total.text == "3.0 mm\n"
    assert [cell.execution_count for cell in notebook.cells[1:]] == [1, 2, 3, 4]


async def test_an_error_ends_the_notebook(installed: str) -> None:
    notebook = new_notebook(cells=[new_code_cell("1 / 0"), new_code_cell("print('unseen')")])
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        await NotebookClient(notebook, kernel_name=installed, timeout=SECONDS).async_execute()
    assert notebook.cells[1].outputs == []


async def test_a_cell_that_takes_too_long_is_interrupted(installed: str) -> None:
    notebook = new_notebook(
        cells=[new_code_cell("x = 1\nwhile True: pass"), new_code_cell("print(x)")]
    )
    client = NotebookClient(notebook, kernel_name=installed, interrupt_on_timeout=True)
    async with client.async_setup_kernel():
        client.timeout = 1
        with pytest.raises(CellExecutionError, match="KeyboardInterrupt"):
            await client.async_execute_cell(notebook.cells[0], 0)
        client.timeout = SECONDS
        await client.async_execute_cell(notebook.cells[1], 1)
    assert notebook.cells[1].outputs[0].text == "1\n"
