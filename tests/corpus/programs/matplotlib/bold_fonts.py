# /// expect
# images = 1
# stderr = ""
# ///
import matplotlib.pyplot as plt

plt.plot([1, 2], label="line")
plt.title("Bold title", fontweight="bold", fontfamily="Arial")
plt.xlabel("serif", fontname="Times New Roman")
plt.legend(prop={"family": "monospace", "weight": "bold"})
plt.show()
