# /// expect
# error = "ValueError"
# error_contains = ["x and y must have same first dimension"]
# images = 1
# ///
import matplotlib.pyplot as plt

x = [1, 2, 3, 4]
y = [1, 4, 9]
plt.plot(x, y)
plt.show()
# %%
# /// expect
# images = 1
# ///
y.append(16)
plt.figure()
plt.plot(x, y)
plt.show()
