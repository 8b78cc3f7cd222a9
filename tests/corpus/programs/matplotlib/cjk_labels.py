# /// expect
# images = 1
# stderr = ""
# ///
import matplotlib.pyplot as plt

plt.bar(["一月", "二月", "三月"], [10, 20, 15])
plt.title("销售额 — 売上 — 매출")
plt.xlabel("月份")
plt.show()
