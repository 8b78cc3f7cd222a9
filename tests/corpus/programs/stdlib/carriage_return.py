# /// expect
# stdout_contains = ["\rdone: 5\n"]
# ///
import sys
import time

for i in range(6):
    sys.stdout.write(f"\rdone: {i}")
    sys.stdout.flush()
    time.sleep(0.01)
print()
