# %% Bytes change, and size and time of modification do not
# /// expect
# files = ["copied.txt", "replaced.txt", "touched.txt", "truncated.txt", "unpacked.txt"]
# ///
for name in ("touched", "copied", "replaced", "truncated", "unpacked"):
    with open(f"/mnt/data/{name}.txt", "w") as f:
        f.write("before")

# %%
# /// expect
# stdout = "after!\nafter!\nafter!\nafter!\nafter!\n"
# files = ["copied.txt", "replaced.txt", "touched.txt", "truncated.txt", "unpacked.txt"]
# ///
import io, os, shutil, subprocess, tarfile

def rewrite(path):
    with open(path, "w") as f:
        f.write("after!")

before = os.stat("touched.txt")
rewrite("touched.txt")
os.utime("touched.txt", ns=(before.st_atime_ns, before.st_mtime_ns))

subprocess.run("touch -r copied.txt /tmp/new; printf 'after!' > /tmp/new; touch -r copied.txt /tmp/new;"
               "cp -p /tmp/new copied.txt", shell=True, check=True)

time = os.stat("replaced.txt").st_mtime_ns
rewrite("new.tmp")
os.utime("new.tmp", ns=(time, time))
os.replace("new.tmp", "replaced.txt")

time = os.stat("truncated.txt").st_mtime_ns
with open("truncated.txt", "r+") as f:
    f.truncate(0)
    f.write("after!")
os.utime("truncated.txt", ns=(time, time))

info = tarfile.TarInfo("unpacked.txt")
info.size, info.mtime = 6, int(os.stat("unpacked.txt").st_mtime)
os.utime("unpacked.txt", (info.mtime, info.mtime))
with tarfile.open("/tmp/a.tar", "w") as tar:
    tar.addfile(info, io.BytesIO(b"after!"))
with tarfile.open("/tmp/a.tar") as tar:
    tar.extractall(".")
for name in ("touched", "copied", "replaced", "truncated", "unpacked"):
    print(open(name + ".txt").read())

# %% Bytes do not change
# /// expect
# files = []
# ///
import os
os.chmod("touched.txt", 0o755)
open("replaced.txt", "r+").close()

# %% A mode and a second name are not a change of the first
# /// expect
# files = ["again.txt"]
# ///
import os
os.link("touched.txt", "again.txt")
