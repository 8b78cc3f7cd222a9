# /// expect
# stdout = "sku  qty id customer.name\n  a    2  1           Ana\n  b    1  1           Ana\n  a    5  2            Bo\n{'a': 7, 'b': 1}\n"
# ///
import json
import pandas as pd

raw = """
{"orders": [
  {"id": 1, "customer": {"name": "Ana", "city": "Lima"}, "items": [{"sku": "a", "qty": 2}, {"sku": "b", "qty": 1}]},
  {"id": 2, "customer": {"name": "Bo", "city": "Oslo"}, "items": [{"sku": "a", "qty": 5}]}
]}
"""
data = json.loads(raw)
df = pd.json_normalize(data["orders"], record_path="items", meta=["id", ["customer", "name"]])
print(df.to_string(index=False))
print(df.groupby("sku")["qty"].sum().to_dict())
