# /// session
# environment = { PYTHONPATH = "lib", PYTHONWARNINGS = "ignore::DeprecationWarning", PYTHONHASHSEED = "0", PYTHONINTMAXSTRDIGITS = "0", LC_ALL = "C.UTF-8" }
# ///
# /// expect
# stdout = "found\n"
# files = ["lib/own_module.py"]
# ///
import os, subprocess, sys, warnings
os.makedirs("lib")
with open("lib/own_module.py", "w") as file:
    file.write("NAME = 'found'\n")
sys.dont_write_bytecode = True
import own_module
print(own_module.NAME)
# %%
# /// expect
# stdout = "5001\n"
# stderr = ""
# ///
warnings.warn("old", DeprecationWarning)
print(len(str(10**5000)))
# %% children get all of them
# /// expect
# stdout = "0 found\nTrue\n"
# ///
child = [sys.executable, "-B", "-c", "import os, own_module; print(os.environ['PYTHONHASHSEED'], own_module.NAME); print(hash('a') == {})"]
seeds = {subprocess.run([sys.executable, "-c", "print(hash('a'))"], capture_output=True, text=True).stdout.strip() for _ in range(2)}
child[-1] = child[-1].format(seeds.pop())
subprocess.run(child)
None
# %%
# /// expect
# stdout = "C.UTF-8 UTF-8\n"
# ///
import locale
print(locale.setlocale(locale.LC_ALL, ""), locale.getpreferredencoding())
