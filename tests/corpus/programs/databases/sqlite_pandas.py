# /// session
# attach = ["shop.db"]
# ///
# /// expect
# stdout = "(15, 4) True\nTrue\n"
# files = ["shop.db"]
# ///
import sqlite3
import pandas as pd

conn = sqlite3.connect("/mnt/data/shop.db")
df = pd.read_sql_query("SELECT * FROM orders WHERE amount > ?", conn, params=(50,))
print(df.shape, df["amount"].min() > 50)
df.to_sql("big_orders", conn, index=False, if_exists="replace")
print(pd.read_sql("SELECT COUNT(*) AS n FROM big_orders", conn)["n"].iloc[0] == len(df))
conn.commit()
conn.close()
