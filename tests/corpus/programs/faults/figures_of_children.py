# /// expect
# images = 2
# stdout = "[1, 2]\n"
# stderr = ""
# ///
import multiprocessing, subprocess, sys
import matplotlib.pyplot as plt
def draw(n):
    plt.plot([n, 2]); plt.show()
    return n
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map(draw, [1, 2]))

# %%
# /// expect
# images = 2
# stdout = "shown\n"
# stderr = ""
# files = ["chart.py"]
# ///
open("chart.py", "w").write("""
import sys, matplotlib
if sys.argv[1:]:
    matplotlib.use(sys.argv[1])
import matplotlib.pyplot as plt
plt.plot([1, 2])
plt.show()
print("shown")
""")
subprocess.run([sys.executable, "chart.py"], check=True)
found = subprocess.run([sys.executable, "chart.py", "Agg"], capture_output=True, text=True)
assert found.stdout == "shown\n", found

# %%
# /// expect
# images = 1
# stdout = "shown\n"
# ///
!python chart.py TkAgg

# %%
# /// expect
# images = 2
# ///
open("/tmp/drawing.py", "w").write("""
def draw(n):
    import matplotlib.pyplot as plt
    fig, ax = plt.subplots(); ax.plot([n, 2]); fig.show()
""")
sys.path.insert(0, "/tmp")
import drawing
for method in ("spawn", "forkserver"):
    process = multiprocessing.get_context(method).Process(target=drawing.draw, args=(1,))
    process.start(); process.join()

# %% An image of Pillow.
# /// expect
# images = 1
# ///
subprocess.run([sys.executable, "-c", "from PIL import Image; Image.new('RGB', (9, 9)).show()"])
None

# %% Without a place for the image.
# /// expect
# images = 0
# stdout = "shown\n"
# stderr_contains = ["can't be shown", "savefig"]
# stderr_lines = 1
# ///
import os
open("/tmp/blocked", "w").close()
subprocess.run([sys.executable, "chart.py"],
               env=os.environ | {"CELLBLOCK_DISPLAYS": "/tmp/blocked"})
None
