# %% Mappings stay open between cells
# /// expect
# files = ["memmap.dat", "mmap.bin", "npy.npy"]
# ///
import mmap, numpy as np
mm = np.memmap("/mnt/data/memmap.dat", dtype="float64", mode="w+", shape=(100,)); mm[:] = 1; mm.flush()
with open("/mnt/data/mmap.bin", "wb") as f:
    f.write(b"-" * 5000)
file = open("/mnt/data/mmap.bin", "r+b")
mapped = mmap.mmap(file.fileno(), 0)
array = np.lib.format.open_memmap("/mnt/data/npy.npy", mode="w+", dtype="int32", shape=(10,))

# %%
# /// expect
# stdout = "700.0\n"
# files = ["memmap.dat"]
# ///
mm[:] = 7; mm.flush(); print(np.fromfile("/mnt/data/memmap.dat").sum())

# %% Not flushed
# /// expect
# stdout = "b'hello'\n"
# files = ["mmap.bin", "npy.npy"]
# ///
mapped[:5] = b"hello"
array[3] = 8
print(open("/mnt/data/mmap.bin", "rb").read(5))

# %% Nothing is written
# /// expect
# files = []
# stdout = "808\n"
# ///
print(int(mm[0]) + 793 + int(array[3]))

# %% Opened and closed in one cell
# /// expect
# files = ["memmap.dat"]
# ///
del mm
again = np.memmap("/mnt/data/memmap.dat", dtype="float64", mode="r+")
again[0] = 5
del again

# %% A child process maps it
# /// expect
# files = ["mmap.bin"]
# ///
import subprocess, sys
subprocess.run([sys.executable, "-c", """
import mmap
with open('/mnt/data/mmap.bin', 'r+b') as f, mmap.mmap(f.fileno(), 0) as m:
    m[10:15] = b'child'
"""], check=True)

# %% A database in WAL mode
# /// expect
# stdout = "2\n"
# files = ["people.db", "people.db-shm", "people.db-wal"]
# ///
import sqlite3
db = sqlite3.connect("/mnt/data/people.db")
db.execute("pragma journal_mode=wal")
db.execute("create table t (x)")
db.executemany("insert into t values (?)", [(1,), (2,)])
db.commit()
print(db.execute("select count(*) from t").fetchone()[0])

# %%
# /// expect
# files = ["people.db"]
# deleted = ["people.db-shm", "people.db-wal"]
# ///
db.close()
