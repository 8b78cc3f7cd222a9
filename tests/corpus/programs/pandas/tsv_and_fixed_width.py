# /// session
# attach = ["survey.tsv"]
# ///
# /// expect
# stdout = "(15, 3) 3.385 2\n19.75 ['Widget', 'Gadget']\n"
# ///
import io
import pandas as pd

survey = pd.read_csv("/mnt/data/survey.tsv", sep="\t", na_values=["n/a", "-"])
print(survey.shape, survey["score"].mean().round(3), int(survey["score"].isna().sum()))

text = """\
id  name       amount
1   Widget      12.50
2   Gadget       7.25
"""
fwf = pd.read_fwf(io.StringIO(text))
print(fwf["amount"].sum(), fwf["name"].tolist())
