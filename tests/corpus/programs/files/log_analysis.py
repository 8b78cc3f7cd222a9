# /// session
# attach = ["server.log"]
# ///
# /// expect
# stdout = "60 lines\n{'200': 35, '404': 14, '500': 11}\n[('INFO', 42)]\n/page/3 400\n"
# images = 1
# ///
import re
from collections import Counter
import matplotlib.pyplot as plt

pattern = re.compile(r"^(?P<ts>\S+ \S+) (?P<level>\w+) (?P<ip>[\d.]+) GET (?P<path>\S+) (?P<status>\d{3}) (?P<ms>\d+)ms$")
rows = [m.groupdict() for m in map(pattern.match, open("/mnt/data/server.log").read().splitlines()) if m]
print(len(rows), "lines")
status = Counter(r["status"] for r in rows)
print(dict(sorted(status.items())))
print(Counter(r["level"] for r in rows).most_common(1))
slow = max(rows, key=lambda r: int(r["ms"]))
print(slow["path"], slow["ms"])
plt.bar(list(status), list(status.values()))
plt.title("Status codes")
plt.show()
