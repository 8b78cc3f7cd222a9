# /// expect
# images = 2
# stdout = "[1, 2]\n"
# ///
from joblib import Parallel, delayed
def draw(n):
    import matplotlib.pyplot as plt
    plt.plot([n, 2]); plt.show()
    return n
print(Parallel(n_jobs=2)(delayed(draw)(n) for n in (1, 2)))
