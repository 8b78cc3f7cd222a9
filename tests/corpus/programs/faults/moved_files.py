# %%
# /// expect
# files = ["a.txt", "d/inner/one.txt", "d/two.txt"]
# ///
import os
os.makedirs("/mnt/data/d/inner")
for name in ("a.txt", "d/inner/one.txt", "d/two.txt"):
    open(name, "w").write(name)

# %% A directory is renamed with its files, a name changes its case, a file is renamed and changed
# /// expect
# files = ["A.txt", "e/inner/one.txt", "e/two.txt"]
# deleted = []
# ///
import os
os.rename("d", "e")
os.rename("a.txt", "A.txt")
with open("e/two.txt", "a") as f:
    f.write("more")

# %% A sparse file grows in its middle
# /// expect
# files = ["sparse.bin"]
# ///
with open("sparse.bin", "wb") as f:
    f.seek(1_000_000)
    f.write(b"end")

# %%
# /// expect
# files = ["sparse.bin"]
# ///
import os
before = os.stat("sparse.bin")
with open("sparse.bin", "r+b") as f:
    f.seek(500_000)
    f.write(b"middle")
os.utime("sparse.bin", ns=(before.st_atime_ns, before.st_mtime_ns))
