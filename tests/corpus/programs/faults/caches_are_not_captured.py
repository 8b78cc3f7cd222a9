# %% Caches of programs are no results
# /// expect
# stdout = "42\n"
# files = ["helpers.py", "src/tool.py"]
# ///
import os, sys
os.makedirs("/mnt/data/src")
open("/mnt/data/helpers.py", "w").write("def answer(): return 42\n")
open("/mnt/data/src/tool.py", "w").write("x = 1\n")
sys.path.insert(0, "/mnt/data")
sys.dont_write_bytecode = False
import compileall, helpers
compileall.compile_dir("/mnt/data", quiet=1)
os.makedirs("/mnt/data/.ipynb_checkpoints")
open("/mnt/data/.ipynb_checkpoints/a-checkpoint.ipynb", "w").write("{}")
os.makedirs("/mnt/data/.pytest_cache/v")
open("/mnt/data/.pytest_cache/v/x", "w").write("{}")
print(helpers.answer())

# %% What is moved out of one is a file
# /// expect
# files = ["kept.json"]
# ///
import os
os.rename("/mnt/data/.pytest_cache/v/x", "/mnt/data/kept.json")
