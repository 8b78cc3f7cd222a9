# /// expect
# stdout = "42 True\n"
# ///
import os
import tempfile

with tempfile.NamedTemporaryFile("w+", suffix=".txt", delete=False) as f:
    f.write("42")
    path = f.name
print(open(path).read(), path.startswith("/tmp"))
os.unlink(path)
