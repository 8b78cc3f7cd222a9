# /// expect
# stdout = "(3, 2) ['x', 'y'] 15.0\n"
# files = ["a.npy", "both.npz", "table.csv"]
# ///
import numpy as np

a = np.arange(6.0).reshape(3, 2)
np.save("/mnt/data/a.npy", a)
np.savez("/mnt/data/both.npz", x=a, y=a.T)
np.savetxt("/mnt/data/table.csv", a, delimiter=",", header="p,q", comments="")
print(np.load("/mnt/data/a.npy").shape, sorted(np.load("/mnt/data/both.npz").files),
      np.genfromtxt("/mnt/data/table.csv", delimiter=",", names=True)["p"].sum() + 9.0)
