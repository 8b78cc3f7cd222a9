# /// expect
# images = 1
# ///
import matplotlib.pyplot as plt

months = ["Jan", "Feb", "Mar", "Apr", "May"]
sales = [120, 135, 128, 150, 170]

plt.figure(figsize=(8, 5))
plt.plot(months, sales, marker="o", linestyle="--", color="teal", label="Sales")
plt.title("Monthly sales")
plt.xlabel("Month")
plt.ylabel("Units")
plt.legend(loc="best")
plt.grid(True, alpha=0.3)
plt.show()
