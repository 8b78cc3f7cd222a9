# /// expect
# stdout = "(1, 2)\n"
# stderr = ""
# files = ["a.xlsx"]
# ///
import pandas as pd
pd.DataFrame({"a": [1]}).to_excel("/mnt/data/a.xlsx")
print(pd.read_excel("/mnt/data/a.xlsx").shape)

# %% A sheet with an extension that openpyxl does not know.
# /// expect
# stdout = "(1, 2)\n"
# stderr = ""
# files = ["b.xlsx"]
# ///
import zipfile
with zipfile.ZipFile("a.xlsx") as a, zipfile.ZipFile("b.xlsx", "w") as b:
    for name in a.namelist():
        data = a.read(name)
        if name == "xl/worksheets/sheet1.xml":
            extension = b'<extLst><ext uri="{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}"/></extLst>'
            data = data.replace(b"</worksheet>", extension + b"</worksheet>")
        b.writestr(name, data)
print(pd.read_excel("b.xlsx").shape)

# %% It is lost when the workbook is saved: that is for the model.
# /// expect
# stderr_contains = ["Data Validation extension"]
# ///
import openpyxl
openpyxl.load_workbook("b.xlsx")
None

# %% Warnings about data and code stay.
# /// expect
# stderr_contains = ["DtypeWarning"]
# stderr_lines = 2
# ///
import io
text = "a,b\n" + "1,2\n" * 400_000 + "x,y\n" * 400_000
_ = pd.read_csv(io.StringIO(text))

# %% A flood of one warning is one.
# /// expect
# stderr_contains = ["FutureWarning: soon"]
# stderr_lines = 2
# ///
import warnings
for _ in range(1000):
    warnings.warn("soon", FutureWarning)

# %% Code that records warnings gets all.
# /// expect
# stdout = "1\n"
# ///
with warnings.catch_warnings(record=True) as given:
    warnings.simplefilter("always")
    pd.read_excel("b.xlsx")
print(sum("Data Validation" in str(one.message) for one in given))
