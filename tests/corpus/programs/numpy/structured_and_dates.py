# /// expect
# stdout = "['Bob', 'Ann']\n['2024-02-27', '2024-02-28', '2024-02-29', '2024-03-01'] 23\n"
# ///
import numpy as np

people = np.array([("Ann", 31), ("Bob", 25)], dtype=[("name", "U10"), ("age", "i4")])
print(np.sort(people, order="age")["name"].tolist())
days = np.arange("2024-02-27", "2024-03-02", dtype="datetime64[D]")
print(days.astype(str).tolist(), np.busday_count("2024-01-01", "2024-02-01"))
