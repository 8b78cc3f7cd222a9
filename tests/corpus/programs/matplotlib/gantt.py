# /// expect
# images = 1
# ///
import pandas as pd
import matplotlib.pyplot as plt

tasks = pd.DataFrame({
    "task": ["Design", "Build", "Test"],
    "start": pd.to_datetime(["2024-01-01", "2024-01-10", "2024-01-25"]),
    "end": pd.to_datetime(["2024-01-12", "2024-01-28", "2024-02-05"]),
})
tasks["days"] = (tasks["end"] - tasks["start"]).dt.days
fig, ax = plt.subplots(figsize=(9, 3))
ax.barh(tasks["task"], tasks["days"], left=tasks["start"])
ax.invert_yaxis()
plt.show()
