# /// expect
# images = 2
# ///
import matplotlib.pyplot as plt

sizes = [45, 30, 15, 10]
labels = ["Rent", "Food", "Travel", "Other"]
plt.pie(sizes, labels=labels, autopct="%1.1f%%", startangle=90, explode=(0.1, 0, 0, 0), shadow=True)
plt.axis("equal")
plt.show()

fig, ax = plt.subplots()
ax.pie(sizes, labels=labels, wedgeprops=dict(width=0.4))
ax.set_title("Donut")
plt.show()
