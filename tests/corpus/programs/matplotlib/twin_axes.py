# /// expect
# images = 1
# ///
import matplotlib.pyplot as plt

months = range(1, 13)
temp = [2, 3, 7, 12, 17, 20, 23, 22, 18, 12, 7, 3]
rain = [50, 40, 45, 42, 55, 60, 62, 58, 50, 48, 52, 55]

fig, ax1 = plt.subplots()
ax1.plot(months, temp, "r-o")
ax1.set_ylabel("Temperature (°C)", color="r")
ax2 = ax1.twinx()
ax2.bar(months, rain, alpha=0.3, color="b")
ax2.set_ylabel("Rain (mm)", color="b")
plt.title("Climate")
plt.show()
