# /// expect
# stdout = "'hello\\n' 0\n42\n3\n"
# ///
import subprocess
import sys

result = subprocess.run(["echo", "hello"], capture_output=True, text=True)
print(repr(result.stdout), result.returncode)
out = subprocess.check_output([sys.executable, "-c", "print(6 * 7)"], text=True)
print(out.strip())
failed = subprocess.run("exit 3", shell=True)
print(failed.returncode)
