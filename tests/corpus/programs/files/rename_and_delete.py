# /// expect
# files = ["draft.txt", "temp.txt"]
# ///
with open("/mnt/data/draft.txt", "w") as f:
    f.write("version 1")
with open("/mnt/data/temp.txt", "w") as f:
    f.write("temporary")
# %%
# /// expect
# stdout = "['final.txt']\n"
# files = ["final.txt"]
# deleted = ["temp.txt"]
# ///
import os

os.rename("/mnt/data/draft.txt", "/mnt/data/final.txt")
os.remove("/mnt/data/temp.txt")
print(os.listdir("/mnt/data"))
