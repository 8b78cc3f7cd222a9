# /// expect
# images = 1
# stderr_lines = 1
# ///
import matplotlib.pyplot as plt

plt.rcParams["font.sans-serif"] = ["SimHei", "Microsoft YaHei"]
plt.rcParams["axes.unicode_minus"] = False
plt.plot([-1, 0, 1], [1, 0, 1], label="数据")
plt.title("折线图")
plt.legend()
plt.show()
