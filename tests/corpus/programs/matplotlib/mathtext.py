# /// expect
# images = 1
# ///
import matplotlib.pyplot as plt

fig, ax = plt.subplots()
ax.set_title(r"$\int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2}$", fontsize=18)
ax.set_xlabel(r"$\alpha_i > \beta^{2}$")
ax.text(0.5, 0.5, r"$\sum_{n=1}^{\infty} \frac{1}{n^2} = \frac{\pi^2}{6}$", ha="center")
plt.show()
