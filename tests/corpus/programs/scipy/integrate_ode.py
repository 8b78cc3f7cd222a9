# /// expect
# stdout = "1.772454\n0.01348\npeak infected 0.304\n"
# images = 1
# ///
import numpy as np
import matplotlib.pyplot as plt
from scipy.integrate import odeint, quad, solve_ivp

print(round(quad(lambda x: np.exp(-x ** 2), -np.inf, np.inf)[0], 6))
sol = solve_ivp(lambda t, y: -0.5 * y, [0, 10], [2.0], t_eval=np.linspace(0, 10, 50), rtol=1e-8)
print(round(sol.y[0, -1], 5))

def sir(y, t, beta, gamma):
    S, I, R = y
    return [-beta * S * I, beta * S * I - gamma * I, gamma * I]

t = np.linspace(0, 100, 200)
y = odeint(sir, [0.99, 0.01, 0], t, args=(0.3, 0.1))
print("peak infected", y[:, 1].max().round(3))
plt.plot(t, y, label=["S", "I", "R"])
plt.legend()
plt.show()
