# /// expect
# stdout = "| metric    |   value |\n|:----------|--------:|\n| precision |   0.91  |\n| recall    |   0.875 |\n\\begin{tabular}{lr}\n[{\"metric\":\"precision\",\"value\":0.91},{\"metric\":\"recall\",\"value\":0.875}]\n{'metric': ['precision', 'recall'], 'value': [0.91, 0.875]}\n"
# ///
import pandas as pd

df = pd.DataFrame({"metric": ["precision", "recall"], "value": [0.91, 0.875]})
print(df.to_markdown(index=False))
print(df.to_latex(index=False, float_format="%.2f").splitlines()[0])
print(df.to_json(orient="records"))
print(df.to_dict("list"))
