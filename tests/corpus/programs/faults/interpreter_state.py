# What Python reads when it starts is the user's, not the agent's.
# /// expect
# stdout = "5\n"
# ///
import argparse
p = argparse.ArgumentParser(); p.add_argument("--rows", type=int, default=5)
print(p.parse_args().rows)
# %%
# /// expect
# stdout = "['']\nTrue\n0 0 False 0\nFalse\nTrue\n"
# ///
import os, sys, threading
print(sys.argv)
print("cellblock_agent" not in " ".join(sys.orig_argv))
print(sys.flags.isolated, sys.flags.ignore_environment, sys.flags.safe_path, sys.flags.no_user_site)
print(sys.dont_write_bytecode)
print(threading.current_thread() is threading.main_thread())
# %% a spawned child is no isolated interpreter either
# /// expect
# stdout = "['-c']\n0\n"
# ///
import multiprocessing, subprocess
subprocess.run([sys.executable, *subprocess._args_from_interpreter_flags(), "-c", "import sys; print(sys.argv); print(sys.flags.isolated)"])
None
# %%
# /// expect
# stdout = "True\nTrue\n0o22\n"
# ///
import signal
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
print(signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN and signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL)
mask = os.umask(0o22)
print(oct(mask))
# %% no variable and no open descriptor of the agent
# /// expect
# stdout = "[]\n['0', '1', '2']\n"
# ///
print([name for name in os.environ if "CELLBLOCK" in name.replace("CELLBLOCK_DISPLAYS", "") or name.startswith("JPY")])
find = """
import os
for number in range(256):
    try:
        os.fstat(number)
    except OSError:
        continue
    print(number)
"""
listed = subprocess.run([sys.executable, "-c", find], close_fds=False, capture_output=True, text=True).stdout
print(listed.split())
# %%
# /// expect
# stdout = "script.py ['script.py', '--rows', '3']\n"
# files = ["script.py"]
# ///
from pathlib import Path
Path("script.py").write_text("import sys\nfrom pathlib import Path\nprint(Path(__file__).name, sys.argv)\n")
get_ipython().run_line_magic("run", "script.py --rows 3")
# %%
# /// expect
# error = "NameError"
# ///
Path(__file__).parent
