# /// session
# attach = ["ventas_latin1.csv"]
# ///
# /// expect
# error = "UnicodeDecodeError"
# ///
import pandas as pd

df = pd.read_csv("/mnt/data/ventas_latin1.csv")
df.head()
# %%
# /// expect
# stdout = "['Fecha', 'Región', 'Producto', 'Importe']\n{'Andalucía': 2945.4, 'Cataluña': 4882.57, 'Galicia': 3187.7}\n2024-01-05 2024-04-29\n"
# ///
# The file is not UTF-8: try latin-1 and the right separator
df = pd.read_csv("/mnt/data/ventas_latin1.csv", encoding="latin-1", sep=";", decimal=",")
df["Fecha"] = pd.to_datetime(df["Fecha"], format="%d/%m/%Y")
print(df.columns.tolist())
print(df.groupby("Región")["Importe"].sum().round(2).to_dict())
print(df["Fecha"].min().date(), df["Fecha"].max().date())
