# /// expect
# stdout = "Rolled back: CHECK constraint failed: balance >= 0\n{'ann': 100, 'bob': 50}\n"
# ///
import sqlite3

conn = sqlite3.connect(":memory:")
conn.execute("CREATE TABLE accounts (name TEXT PRIMARY KEY, balance INTEGER CHECK (balance >= 0))")
conn.executemany("INSERT INTO accounts VALUES (?, ?)", [("ann", 100), ("bob", 50)])
conn.commit()
try:
    with conn:
        conn.execute("UPDATE accounts SET balance = balance + 200 WHERE name = 'bob'")
        conn.execute("UPDATE accounts SET balance = balance - 200 WHERE name = 'ann'")
except sqlite3.IntegrityError as e:
    print("Rolled back:", e)
print(dict(conn.execute("SELECT name, balance FROM accounts")))
