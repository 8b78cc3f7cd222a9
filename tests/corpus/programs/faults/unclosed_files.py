# %% Files that are not closed
# /// expect
# files = ["binary.bin", "report.txt", "rows.csv", "sizes.txt"]
# ///
import csv
f = open("/mnt/data/report.txt", "w")
f.write("report\n")
rows = open("/mnt/data/rows.csv", "w", newline="")
csv.writer(rows).writerow(["a", 1])
b = open("/mnt/data/binary.bin", "wb")
b.write(b"\0" * 100)
u = open("/mnt/data/sizes.txt", "w+")
print("text", file=u)

# %% The bytes are in the files
# /// expect
# stdout = "report.txt 7\nrows.csv 5\nbinary.bin 100\nsizes.txt 5\n"
# files = []
# ///
import os
for name in ("report.txt", "rows.csv", "binary.bin", "sizes.txt"):
    print(name, os.stat(name).st_size)

# %% A format that is completed on closing
# /// expect
# stderr = "a.zip is still open: it is incomplete until it is closed\n"
# files = ["a.zip"]
# ///
import zipfile
z = zipfile.ZipFile("/mnt/data/a.zip", "w")
z.writestr("a.txt", "a")

# %% It is said once
# /// expect
# stderr = ""
# files = []
# ///
1 + 1

# %%
# /// expect
# stdout = "['a.txt']\n"
# stderr = ""
# files = ["a.zip"]
# ///
z.close()
print(zipfile.ZipFile("/mnt/data/a.zip").namelist())

# %% More is written to an open file, in an object that code hides, and an exception ends the cell
# /// expect
# error = "ZeroDivisionError"
# files = ["hidden.txt", "report.txt"]
# ///
class Logger:
    def __init__(self):
        self.out = open("/mnt/data/hidden.txt", "w")
log = [Logger()]
log[0].out.write("kept\n")
f.write("more\n")
1 / 0

# %%
# /// expect
# stdout = "report\nmore\nkept\n"
# ///
print(open("report.txt").read() + open("hidden.txt").read(), end="")
