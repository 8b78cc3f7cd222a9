# /// expect
# stdout_contains = ["from child"]
# ///
import subprocess

subprocess.run(["python", "-c", "print('from child')"], check=True);
