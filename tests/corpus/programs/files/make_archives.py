# /// expect
# stdout = "['out', 'out/a.txt', 'out/b.txt']\n"
# files = ["bundle.tar.gz", "bundle.zip", "out/a.txt", "out/b.txt"]
# ///
import os
import shutil
import tarfile

os.makedirs("/mnt/data/out", exist_ok=True)
for name in "ab":
    with open(f"/mnt/data/out/{name}.txt", "w") as f:
        f.write(name * 10)
shutil.make_archive("/mnt/data/bundle", "zip", "/mnt/data/out")
with tarfile.open("/mnt/data/bundle.tar.gz", "w:gz") as tar:
    tar.add("/mnt/data/out", arcname="out")
with tarfile.open("/mnt/data/bundle.tar.gz") as tar:
    print(sorted(m.name for m in tar.getmembers()))
