# /// expect
# stdout = "2 cells, code\n"
# files = ["analysis.ipynb"]
# ///
import nbformat as nbf

nb = nbf.v4.new_notebook()
nb.cells = [nbf.v4.new_markdown_cell("# Analysis"), nbf.v4.new_code_cell("print(1 + 1)")]
with open("/mnt/data/analysis.ipynb", "w") as f:
    nbf.write(nb, f)
again = nbf.read("/mnt/data/analysis.ipynb", as_version=4)
print(len(again.cells), "cells,", again.cells[1].cell_type)
