# /// session
# time_limit = 3
# ///
# /// expect
# status = "FAILED"
# cause = "TIME_LIMIT"
# error = "KeyboardInterrupt"
# stdout = "start\n"
# ///
import time

print("start")
while True:
    time.sleep(0.1)
