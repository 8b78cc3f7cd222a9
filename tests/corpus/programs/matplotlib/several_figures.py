# /// expect
# images = 3
# stdout = "done\n"
# ///
import matplotlib.pyplot as plt

for i in range(1, 4):
    plt.figure()
    plt.plot([0, i], [i, 0])
    plt.title(f"Figure {i}")
    plt.show()
print("done")
# %%
# /// expect
# images = 2
# ///
# Two open figures without a call of show
fig1, ax1 = plt.subplots()
ax1.plot([1, 2])
fig2, ax2 = plt.subplots()
ax2.bar([1, 2], [3, 4]);
