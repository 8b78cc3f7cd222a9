# /// session
# attach = ["article.txt"]
# ///
# /// expect
# stdout = "67 43\n[('robot', 4), ('tree', 3), ('quiet', 2), ('garden', 2)]\n"
# images = 1
# ///
import re
from collections import Counter
import matplotlib.pyplot as plt

text = open("/mnt/data/article.txt", encoding="utf-8").read().lower()
words = re.findall(r"[a-z']+", text)
stop = {"the", "a", "and", "it", "in", "to", "was", "had", "by", "one", "across"}
counts = Counter(w for w in words if w not in stop)
print(len(words), len(set(words)))
print(counts.most_common(4))
labels, values = zip(*counts.most_common(5))
plt.bar(labels, values)
plt.xticks(rotation=45)
plt.show()
