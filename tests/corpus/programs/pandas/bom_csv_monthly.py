# /// session
# attach = ["sales_bom.csv"]
# ///
# /// expect
# stdout = "['date', 'region', 'product', 'units', 'price']\n(120, 5)\nTotal revenue: 24,213.68\n"
# ///
import pandas as pd

# Load the dataset
df = pd.read_csv("/mnt/data/sales_bom.csv")
print(df.columns.tolist())
print(df.shape)
df["date"] = pd.to_datetime(df["date"])
df["revenue"] = df["units"] * df["price"]
print(f"Total revenue: {df['revenue'].sum():,.2f}")
# %%
# /// expect
# stdout = "2024-01 6151.55\n2024-02 6230.93\n2024-03 5576.44\n2024-04 6254.76\n"
# images = 1
# stderr_lines = 4
# ///
import matplotlib.pyplot as plt

# Monthly revenue
monthly = df.set_index("date")["revenue"].resample("M").sum()
for month, value in monthly.items():
    print(month.strftime("%Y-%m"), round(value, 2))

plt.figure(figsize=(8, 4))
plt.plot(monthly.index, monthly.values, marker="o")
plt.title("Monthly revenue")
plt.xlabel("Month")
plt.ylabel("Revenue")
plt.grid(True)
plt.tight_layout()
plt.show()
