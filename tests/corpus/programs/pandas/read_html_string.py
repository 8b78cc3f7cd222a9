# /// expect
# stdout = "1 3 ['Planet', 'Moons']\n"
# ///
from io import StringIO
import pandas as pd

html = """
<table>
  <tr><th>Planet</th><th>Moons</th></tr>
  <tr><td>Earth</td><td>1</td></tr>
  <tr><td>Mars</td><td>2</td></tr>
</table>
"""
tables = pd.read_html(StringIO(html))
print(len(tables), tables[0]["Moons"].sum(), tables[0].columns.tolist())
