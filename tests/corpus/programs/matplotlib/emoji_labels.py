# /// expect
# images = 1
# stderr_lines = 1
# ///
import matplotlib.pyplot as plt

plt.bar(["🍎", "🍌", "🍒"], [3, 5, 2])
plt.title("Fruit 🍓 per day")
plt.show()
