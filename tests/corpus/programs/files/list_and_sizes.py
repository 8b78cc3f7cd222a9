# /// session
# attach = ["photo.png", "config.json"]
# ///
# /// expect
# stdout = "config.json True True\nphoto.png True True\n/mnt/data\n"
# ///
import os

for name in sorted(os.listdir("/mnt/data")):
    path = os.path.join("/mnt/data", name)
    print(name, os.path.getsize(path) > 100, os.path.isfile(path))
print(os.getcwd())
