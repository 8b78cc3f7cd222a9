# /// expect
# stdout = "yes      3\nno       2\nmaybe    1\nName: count, dtype: int64\n"
# images = 1
# files = ["counts.png"]
# ///
import pandas as pd
import matplotlib.pyplot as plt

answers = pd.Series(["yes", "no", "yes", "maybe", "yes", "no"])
counts = answers.value_counts()
print(counts)
counts.plot(kind="barh", color="steelblue")
plt.xlabel("Answers")
plt.tight_layout()
plt.savefig("/mnt/data/counts.png", dpi=150)
plt.show()
