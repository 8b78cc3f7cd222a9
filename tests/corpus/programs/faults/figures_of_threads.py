# /// expect
# images = 1
# ///
import threading
import matplotlib.pyplot as plt
def draw():
    plt.plot([1, 2]); plt.show()
thread = threading.Thread(target=draw); thread.start(); thread.join()

# %%
# /// expect
# images = 2
# ///
from concurrent.futures import ThreadPoolExecutor
def draw(n):
    fig, ax = plt.subplots(); ax.plot([n, 2])
with ThreadPoolExecutor(1) as pool:
    list(pool.map(draw, [1, 2]))
