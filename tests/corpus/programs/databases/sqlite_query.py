# /// session
# attach = ["shop.db"]
# ///
# /// expect
# stdout = "['customers', 'orders']\n('Ana', 13, 621.48)\n('Cy', 9, 508.22)\n('Bo', 8, 447.21)\n"
# ///
import sqlite3

conn = sqlite3.connect("/mnt/data/shop.db")
cur = conn.cursor()
cur.execute("SELECT name FROM sqlite_master WHERE type='table' ORDER BY name")
print([r[0] for r in cur.fetchall()])
query = """
SELECT c.name, COUNT(*) AS n, ROUND(SUM(o.amount), 2) AS total
FROM orders o JOIN customers c ON c.id = o.customer_id
GROUP BY c.name ORDER BY total DESC
"""
for row in cur.execute(query):
    print(row)
conn.close()
