# /// session
# attach = ["shop.db"]
# ///
# /// expect
# stdout = "[{'city': 'Lima', 'n': 1}, {'city': 'Oslo', 'n': 1}, {'city': 'Rome', 'n': 1}]\n"
# ///
import pandas as pd
from sqlalchemy import create_engine, text

engine = create_engine("sqlite:////mnt/data/shop.db")
with engine.connect() as conn:
    df = pd.read_sql(text("SELECT city, COUNT(*) AS n FROM customers GROUP BY city ORDER BY city"), conn)
print(df.to_dict("records"))
